/// A header map as the ABI passes it (Proxy-Wasm 0.2.1, "serialized map"), in little endian:
/// the number of pairs, then for each pair the lengths of its name and its value, then for each pair `name NUL value
/// NUL`.
enum HeaderMapBytes {
    /// The longest map in bytes that is taken from a guest.
    static let maximumBytes = 1 << 20
    /// The most pairs that are taken from a guest.
    static let maximumPairs = 1024

    /// Bytes that `map` takes when it is serialised; 0 for an empty map, which is passed as no bytes at all.
    static func count(of map: HeaderMap) -> Int {
        map.isEmpty ? 0 : 4 + 10 * map.count + map.byteCount
    }

    /// Writes `map` to `target`, which has room for exactly ``count(of:)`` bytes.
    static func write(_ map: HeaderMap, to target: inout MutableRawSpan) {
        guard !map.isEmpty, target.byteCount == count(of: map) else { return }
        target.storeUInt32(UInt32(truncatingIfNeeded: map.count), at: 0)
        var position = 4
        for field in map.fields {
            target.storeUInt32(UInt32(truncatingIfNeeded: field.nameCount), at: position)
            target.storeUInt32(UInt32(truncatingIfNeeded: field.valueCount), at: position + 4)
            position += 8
        }
        // A UInt8 has no padding, so every byte of the view is initialised.
        let source = unsafe map.bytes.span.bytes
        for field in map.fields {
            target.copy(source.extracting(field.stored), at: position)
            position += field.storedCount
        }
    }

    /// A map as a guest reads it where it is the value of a property: an empty one has a count, too.
    static func make(_ map: HeaderMap) -> [UInt8] {
        make(map.fields.map { Pair(name: Array(map.bytes[$0.name]), value: Array(map.bytes[$0.value])) })
    }

    /// Pairs as a guest reads them, names and values as they are.
    static func make(_ pairs: [Pair]) -> [UInt8] {
        let lengths = pairs.flatMap { [$0.name.count, $0.value.count] }
        var bytes = ([pairs.count] + lengths).flatMap { length in
            (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        }
        for pair in pairs { bytes += pair.name + [0] + pair.value + [0] }
        return bytes
    }

    /// Reads a map. Anything malformed or over the limits is an empty map, as in Envoy's host; fewer than four bytes
    /// are one, too.
    static func read(_ bytes: RawSpan) -> [Pair] {
        guard bytes.byteCount >= 4, bytes.byteCount <= maximumBytes else { return [] }
        let count = Int(bytes.loadUInt32(at: 0))
        guard count <= maximumPairs, 4 + 8 * count <= bytes.byteCount else { return [] }
        var pairs: [Pair] = []
        pairs.reserveCapacity(count)
        var position = 4 + 8 * count
        for index in 0..<count {
            let name = Int(bytes.loadUInt32(at: 4 + 8 * index))
            let value = Int(bytes.loadUInt32(at: 8 + 8 * index))
            guard name + value + 2 <= bytes.byteCount - position else { return [] }
            let valueStart = position + name + 1
            guard bytes.byte(at: valueStart - 1) == 0, bytes.byte(at: valueStart + value) == 0 else { return [] }
            pairs.append(
                Pair(name: bytes.copy(position..<position + name), value: bytes.copy(valueStart..<valueStart + value)))
            position = valueStart + value + 1
        }
        return position == bytes.byteCount ? pairs : []
    }

    /// One field as a guest passed it: nothing is checked but the lengths.
    struct Pair: Equatable {
        var name: [UInt8]
        var value: [UInt8]
    }
}
