internal import CProxyWasm

// `unsafe` in this file: the host reads what it is lent during the call only, and what it returns is owned by `HostBytes`.

/// A buffer on the host's side: the part of a body that the current callback is about, or a configuration.
///
/// Source: Proxy-Wasm ABI 0.2.1, "proxy_buffer_type_t" and "Functions exposed by the host: Buffers".
public struct Body: Sendable {
    enum Buffer: UInt32 {
        case request = 0
        case response = 1
        case vmConfiguration = 6
        case pluginConfiguration = 7
    }

    private let buffer: Buffer
    /// The number of bytes when the callback began.
    public let count: Int

    /// The response's body in the callback for its trailers: `append` adds to its end.
    public static let response = Body(.response, count: 0)

    init(_ buffer: Buffer, count: Int) {
        self.buffer = buffer
        self.count = count
    }

    /// Copies all bytes out; nil when the host refuses.
    public func read() -> HostBytes? { read(0..<count) }

    /// Copies a range out; what lies behind the end is left out. Nil when the host refuses.
    public func read(_ range: Range<Int>) -> HostBytes? {
        unsafe HostBytes.returned {
            unsafe proxy_get_buffer_bytes(buffer.rawValue, range.lowerBound, range.count, $0, $1)
        }
    }

    /// Puts other bytes in the place of all bytes.
    @discardableResult
    public func replaceAll(_ bytes: Span<UInt8>) -> Status { write(0, Int(Int32.max), bytes) }

    /// Puts other bytes in the place of a range.
    @discardableResult
    public func replace(_ range: Range<Int>, _ bytes: Span<UInt8>) -> Status {
        write(range.lowerBound, range.count, bytes)
    }

    /// Adds bytes before the first one.
    @discardableResult
    public func prepend(_ bytes: Span<UInt8>) -> Status { write(0, 0, bytes) }

    /// Adds bytes behind the last one.
    @discardableResult
    public func append(_ bytes: Span<UInt8>) -> Status { write(Int(Int32.max), 0, bytes) }

    private func write(_ start: Int, _ size: Int, _ bytes: Span<UInt8>) -> Status {
        unsafe bytes.withUnsafeBufferPointer { value in
            unsafe Status(proxy_set_buffer_bytes(buffer.rawValue, start, size, value.baseAddress, value.count))
        }
    }
}
