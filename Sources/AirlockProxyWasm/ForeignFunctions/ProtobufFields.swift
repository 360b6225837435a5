/// The fields of a message in the wire format of Protocol Buffers, as far as filters' messages to the host need it: numbers and bytes. Of
/// a field that is there several times the last one counts.
struct ProtobufFields {
    /// Fields with greater numbers are read over.
    private static let maximumField: UInt64 = 15

    private var integers: [UInt64: UInt64] = [:]
    private var bytes: [UInt64: [ArraySlice<UInt8>]] = [:]

    /// Reads a message; nil where it is malformed.
    init?(_ message: [UInt8]) {
        var rest = message[...]
        while !rest.isEmpty {
            guard let tag = rest.takeVarint(), (1...0x1FFF_FFFF).contains(tag >> 3) else { return nil }
            let (field, type) = (tag >> 3, tag & 7)
            switch type {
            case 0:
                guard let value = rest.takeVarint() else { return nil }
                if field <= Self.maximumField { integers[field] = value }
            case 1: guard rest.take(8) != nil else { return nil }
            case 2:
                guard let count = rest.takeVarint(), let value = rest.take(count) else { return nil }
                if field <= Self.maximumField { bytes[field, default: []].append(value) }
            case 5: guard rest.take(4) != nil else { return nil }
            // Groups are from before proto3.
            default: return nil
            }
        }
    }

    /// The number in a field; 0 where it is not there.
    func integer(_ field: UInt64) -> UInt64 { integers[field] ?? 0 }

    /// The bytes in a field; none where it is not there.
    func bytes(_ field: UInt64) -> [UInt8] { bytes[field]?.last.map(Array.init) ?? [] }

    /// The bytes of a field that may be there several times, in order.
    func all(_ field: UInt64) -> [[UInt8]] { bytes[field]?.map(Array.init) ?? [] }

    /// Whether there are bytes in a field, be it none.
    func has(_ field: UInt64) -> Bool { bytes[field] != nil }

    /// The text in a field; empty where it is not there, nil where it is none.
    func text(_ field: UInt64) -> String? { String(validating: bytes[field]?.last ?? [], as: UTF8.self) }
}

extension [UInt8] {
    /// Adds a field with bytes to a message.
    mutating func appendProtobuf(_ field: UInt8, _ bytes: some Collection<UInt8>) {
        append(field << 3 | 2)
        var count = bytes.count
        while count > 0x7F {
            append(UInt8(truncatingIfNeeded: count) | 0x80)
            count >>= 7
        }
        append(UInt8(truncatingIfNeeded: count))
        append(contentsOf: bytes)
    }
}

extension ArraySlice<UInt8> {
    fileprivate mutating func takeVarint() -> UInt64? {
        var value: UInt64 = 0
        for position in 0..<10 {
            guard let byte = popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << (7 * position)
            if byte < 0x80 { return value }
        }
        return nil
    }

    fileprivate mutating func take(_ wanted: UInt64) -> ArraySlice<UInt8>? {
        guard wanted <= UInt64(count) else { return nil }
        defer { removeFirst(Int(wanted)) }
        return prefix(Int(wanted))
    }
}
