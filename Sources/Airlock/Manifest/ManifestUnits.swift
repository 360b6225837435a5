/// The units that sizes and durations are written with in manifests and policies.
public enum ManifestUnits {
    /// The longest duration that can be written: `Int64.max` microseconds, about 292,000 years.
    public static let longest = Duration.microseconds(Int64.max)

    /// Bytes from a whole number, or from text such as `512 B`, `64 KiB`, `16MiB`, `1 GiB`; nil for anything else, what is
    /// negative, and more than `Int` holds.
    static func bytes(_ value: ManifestValue) -> Int? {
        switch value {
        case .integer(let count): count >= 0 ? count : nil
        case .text(let text): scaled(text, units: ["B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30])
        default: nil
        }
    }

    /// A duration from text such as `250 us`, `100 ms`, `2s`, `5 min`, `1 h`; nil for anything else.
    static func duration(_ value: ManifestValue) -> Duration? {
        guard case .text(let text) = value else { return nil }
        let units = ["us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000]
        return scaled(text, units: units).map { .microseconds($0) }
    }

    private static func scaled(_ text: String, units: [String: Int]) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text[digits.endIndex...].drop { $0 == " " }
        guard let count = Int(digits), let scale = units[String(unit)] else { return nil }
        let (value, overflow) = count.multipliedReportingOverflow(by: scale)
        return overflow ? nil : value
    }
}
