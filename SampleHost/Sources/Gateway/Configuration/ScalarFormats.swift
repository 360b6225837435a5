/// The units that sizes, durations and shares are written with.
enum ScalarFormats {
    /// Bytes from `512`, `64KiB`, `16MiB`, `1GiB`; `nil` for anything else or more than `Int` holds.
    static func bytes(_ text: String) -> Int? {
        let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1), ("", 1)]
        return scaled(text, units: units)
    }

    /// A duration from `50us`, `50ms`, `2s`, `1m`, `1h`; `nil` for anything else. The unit is required.
    static func duration(_ text: String) -> Duration? {
        let units = [("us", 1), ("ms", 1000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000)]
        return scaled(text, units: units).map { .microseconds($0) }
    }

    /// A share from 0 to 1 from `5%`, `0.5%`, `100%`; `nil` for anything else.
    static func share(_ text: String) -> Double? {
        let number = text.dropLast()
        guard text.hasSuffix("%"), number.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }),
            let percent = Double(number), percent <= 100
        else { return nil }
        return percent / 100
    }

    private static func scaled(_ text: String, units: [(String, Int)]) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text[digits.endIndex...]
        guard let count = Int(digits), let (_, scale) = units.first(where: { $0.0 == unit }) else { return nil }
        let (value, overflow) = count.multipliedReportingOverflow(by: scale)
        return overflow ? nil : value
    }
}
