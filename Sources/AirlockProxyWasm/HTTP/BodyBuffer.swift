/// Body bytes that a filter can read and change, with the ranges clamped as Envoy's host does: guests ask for more
/// than exists.
enum BodyBuffer {
    /// The part of `start..<start + length` that exists in `count` bytes. A write to it replaces that part: (0, 0) prepends, a
    /// start at or behind the end appends, and (0, everything) replaces all.
    static func range(start: UInt32, length: UInt32, count: Int) -> Range<Int> {
        let lower = min(Int(start), count)
        return lower..<min(lower + Int(length), count)
    }
}
