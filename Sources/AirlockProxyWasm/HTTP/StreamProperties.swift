/// Properties that filters set on a stream; all filters of the stream can read them. Bounded, because guests decide
/// what goes into them.
struct StreamProperties {
    /// The most properties of one stream.
    static let maximumCount = 64
    /// The most bytes of paths and values of one stream.
    static let maximumBytes = 64 << 10

    private var values: [[UInt8]: [UInt8]] = [:]
    private var byteCount = 0
    /// Those that keep their values.
    private var readOnly: Set<[UInt8]> = []

    subscript(path: [UInt8]) -> [UInt8]? { values[path] }

    /// Sets a property.
    /// - Parameter isReadOnly: whether a property that is new keeps this value.
    /// - Returns: false when there is no room, or the property keeps another value.
    mutating func set(_ path: [UInt8], to value: [UInt8], isReadOnly: Bool = false) -> Bool {
        guard !readOnly.contains(path) else { return false }
        let old = values[path]
        let total = byteCount + value.count + (old == nil ? path.count : 0) - (old?.count ?? 0)
        guard total <= Self.maximumBytes, old != nil || values.count < Self.maximumCount else { return false }
        if isReadOnly, old == nil { readOnly.insert(path) }
        values[path] = value
        byteCount = total
        return true
    }
}
