import Airlock
import AirlockProxyWasm

/// What a filter used for a request, for people.
enum Account {
    static func line(_ filter: StreamReport.Filter) -> String {
        let usage = filter.usage
        let numbers =
            "fuel \(padded(grouped(usage.fuelUsed), 9))   memory \(mebibytes(usage.memoryBytes))   time \(milliseconds(usage.wallTime))"
        let name = filter.name.padding(12)
        guard let failure = filter.failure else { return "\(name) \(numbers)" }
        return "\(name) \(numbers)   stopped by \(failure.code)"
    }

    /// 1234567 as 1,234,567.
    static func grouped(_ number: some BinaryInteger) -> String {
        let digits = Array(String(number))
        let groups = stride(from: digits.count, to: 0, by: -3).map { String(digits[max(0, $0 - 3)..<$0]) }
        return groups.reversed().joined(separator: ",")
    }

    private static func mebibytes(_ bytes: Int) -> String { "\(decimal(Double(bytes) / 1_048_576)) MiB" }

    private static func milliseconds(_ duration: Duration) -> String { "\(decimal(duration / .milliseconds(1))) ms" }

    private static func decimal(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let fraction = hundredths % 100
        return padded("\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)", 6)
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

extension String {
    fileprivate func padding(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
