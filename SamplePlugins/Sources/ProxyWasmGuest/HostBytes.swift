internal import CGuestRuntime

/// Bytes that the host copied into this guest's memory. The value owns the allocation and frees it; nothing copies it.
///
/// `@safe` is right because `start` and `count` never change and are reached only through the spans that are lent.
@safe
public struct HostBytes: ~Copyable, Bytes {
    private let start: UnsafeMutablePointer<UInt8>?
    /// The number of bytes.
    public let count: Int

    deinit {
        unsafe guest_free(start)
    }

    /// Lends the bytes for the time of a call.
    ///
    /// There is no property with a span that borrows this value: the compiler (Swift 6.3, Embedded) fails on one that is
    /// used in another module.
    public func withBytes<Result: ~Copyable>(_ body: (Span<UInt8>) -> Result) -> Result {
        unsafe body(Span(_unsafeElements: UnsafeBufferPointer(start: start, count: count)))
    }

    /// Lends the bytes to be changed in place.
    public mutating func withMutableBytes<Result: ~Copyable>(_ body: (inout MutableSpan<UInt8>) -> Result) -> Result {
        var span = unsafe MutableSpan(_unsafeElements: UnsafeMutableBufferPointer(start: start, count: count))
        return body(&span)
    }

    /// Runs a host function that returns bytes, and owns what it returned; nil when it did not answer OK.
    static func returned(
        by hostFunction: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, UnsafeMutablePointer<Int>) -> UInt32
    ) -> HostBytes? {
        var start: UnsafeMutablePointer<UInt8>?
        var count = 0
        // Right because the host puts so many bytes where it was given room by `proxy_on_memory_allocate`, and they are nobody else's.
        guard unsafe Status(hostFunction(&start, &count)) == .ok else { return nil }
        return unsafe HostBytes(start: start, count: start == nil ? 0 : count)
    }
}
