/// The value of a property in the bytes that the ABI passes: text as it is, integers and times (nanoseconds) as 8
/// bytes in little endian, a truth value as one byte (Envoy, "Attributes").
enum PropertyValue {
    static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    static func integer(_ value: some BinaryInteger) -> [UInt8] {
        let bits = UInt64(bitPattern: Int64(clamping: value))
        return (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    }

    static func double(_ value: Double) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }

    static func truth(_ value: Bool) -> [UInt8] { [value ? 1 : 0] }

    static func duration(_ value: Duration) -> [UInt8] {
        let (seconds, attoseconds) = value.components
        return integer(
            seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue &+ attoseconds / 1_000_000_000)
    }
}
