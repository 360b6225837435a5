extension KeyValuePage {
    /// The page as guests read it, with as many of its keys as fit; nil where not even the first one does.
    func encoded(capacity: Int) -> [UInt8]? {
        var sizes = [0]
        for key in keys { sizes.append(sizes[sizes.count - 1] + 4 + key.count) }
        for count in (min(1, keys.count)...keys.count).reversed() {
            let cursor = count < keys.count ? keys[count] : next ?? []
            guard 4 + sizes[count] + 4 + cursor.count <= capacity else { continue }
            var bytes = UInt32(count).littleEndianBytes
            for key in keys.prefix(count) { bytes += UInt32(key.count).littleEndianBytes + key }
            return bytes + UInt32(cursor.count).littleEndianBytes + cursor
        }
        return nil
    }
}

extension UInt32 {
    fileprivate var littleEndianBytes: [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) }
    }
}
