/// Properties that filters set on a stream; all filters of the stream can read them. Bounded, because guests decide
/// what goes into them.
struct StreamProperties {
    /// The most properties of one stream.
    static let maximumCount = 64
    /// The most bytes of paths and values of one stream.
    static let maximumBytes = 64 << 10

    private var values: [[UInt8]: [UInt8]] = [:]
    private var byteCount = 0

    subscript(path: [UInt8]) -> [UInt8]? { values[path] }

    /// Sets a property.
    /// - Returns: false when there is no room.
    mutating func set(_ path: [UInt8], to value: [UInt8]) -> Bool {
        let old = values[path]
        let total = byteCount + value.count + (old == nil ? path.count : 0) - (old?.count ?? 0)
        guard total <= Self.maximumBytes, old != nil || values.count < Self.maximumCount else { return false }
        values[path] = value
        byteCount = total
        return true
    }
}
