/// Body bytes that a filter can read and change, with the ranges clamped as Envoy's host does: guests ask for more
/// than exists.
enum BodyBuffer {
    /// The part of `start..<start + length` that exists in `count` bytes; nil when the end is not a 32-bit number.
    static func readable(start: UInt32, length: UInt32, count: Int) -> Range<Int>? {
        guard !start.addingReportingOverflow(length).overflow else { return nil }
        let lower = min(Int(start), count)
        return lower..<min(lower + Int(length), count)
    }

    /// The part of a buffer of `count` bytes that a write of `length` bytes at `start` replaces: (0, 0) prepends, a
    /// start at or behind the end appends, and (0, everything) replaces all.
    static func replaced(start: UInt32, length: UInt32, count: Int) -> Range<Int> {
        let lower = min(Int(start), count)
        return lower..<min(lower + Int(length), count)
    }
}
