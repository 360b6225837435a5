internal import CProxyWasm

// `unsafe` in this file: the host reads what it is lent during the call only, and what it returns is owned by `HostBytes`.

/// The headers or trailers of the current stream, which stay on the host's side: each call asks the host.
/// Names are lower case; pseudo headers such as `:path` and `:status` are ordinary entries.
///
/// Source: Proxy-Wasm ABI 0.2.1, "proxy_map_type_t" and "Functions exposed by the host: HTTP fields".
public struct HeaderMap: Sendable {
    let map: UInt32

    /// The request's headers.
    public static let request = HeaderMap(map: 0)
    /// The request's trailers.
    public static let requestTrailers = HeaderMap(map: 1)
    /// The response's headers.
    public static let response = HeaderMap(map: 2)
    /// The response's trailers.
    public static let responseTrailers = HeaderMap(map: 3)

    /// The first value of a header, or nil when it is not there.
    public func value(_ name: StaticString) -> HostBytes? { name.withBytes(read) }

    /// The first value of a header, or nil when it is not there.
    @_disfavoredOverload
    public func value(_ name: borrowing some Bytes & ~Copyable) -> HostBytes? { name.withBytes(read) }

    /// Adds one more value.
    @discardableResult
    public func add(_ name: StaticString, _ value: StaticString) -> Status { write(.add, name, value) }

    /// Adds one more value.
    @_disfavoredOverload @discardableResult
    public func add(_ name: StaticString, _ value: borrowing some Bytes & ~Copyable) -> Status {
        write(.add, name, value)
    }

    /// Adds one more value.
    @_disfavoredOverload @discardableResult
    public func add(_ name: borrowing some Bytes & ~Copyable, _ value: borrowing some Bytes & ~Copyable) -> Status {
        write(.add, name, value)
    }

    /// Sets a header to one value, whether it was there or not.
    @discardableResult
    public func replace(_ name: StaticString, _ value: StaticString) -> Status { write(.replace, name, value) }

    /// Sets a header to one value, whether it was there or not.
    @_disfavoredOverload @discardableResult
    public func replace(_ name: StaticString, _ value: borrowing some Bytes & ~Copyable) -> Status {
        write(.replace, name, value)
    }

    /// Sets a header to one value, whether it was there or not.
    @_disfavoredOverload @discardableResult
    public func replace(_ name: borrowing some Bytes & ~Copyable, _ value: borrowing some Bytes & ~Copyable) -> Status {
        write(.replace, name, value)
    }

    /// Removes every value of a header; it need not be there.
    @discardableResult
    public func remove(_ name: StaticString) -> Status {
        name.withBytes { name in
            unsafe name.withUnsafeBufferPointer { name in
                unsafe Status(proxy_remove_header_map_value(map, name.baseAddress, name.count))
            }
        }
    }

    /// Every name and value, in the host's order; nil when the map cannot be read in this callback.
    public func pairs() -> HeaderPairs? {
        guard let pairs = unsafe HostBytes.returned(by: { unsafe proxy_get_header_map_pairs(map, $0, $1) }) else {
            return nil
        }
        return HeaderPairs(pairs)
    }

    /// Replaces the whole map.
    @discardableResult
    public func replaceAll(_ headers: HeaderList) -> Status {
        let pairs = headers.serialized()
        return unsafe pairs.span.withUnsafeBufferPointer { pairs in
            unsafe Status(proxy_set_header_map_pairs(map, pairs.baseAddress, pairs.count))
        }
    }

    private func read(_ name: Span<UInt8>) -> HostBytes? {
        unsafe name.withUnsafeBufferPointer { name in
            unsafe HostBytes.returned { unsafe proxy_get_header_map_value(map, name.baseAddress, name.count, $0, $1) }
        }
    }

    private enum Write {
        case add, replace
    }

    private func write(
        _ write: Write, _ name: borrowing some Bytes & ~Copyable, _ value: borrowing some Bytes & ~Copyable
    ) -> Status {
        name.withBytes { name in
            value.withBytes { value in self.write(write, name, value) }
        }
    }

    private func write(_ write: Write, _ name: Span<UInt8>, _ value: Span<UInt8>) -> Status {
        unsafe name.withUnsafeBufferPointer { name in
            unsafe value.withUnsafeBufferPointer { value in
                let (name, nameCount) = (name.baseAddress, name.count)
                let (value, valueCount) = (value.baseAddress, value.count)
                switch write {
                case .add:
                    return unsafe Status(proxy_add_header_map_value(map, name, nameCount, value, valueCount))
                case .replace:
                    return unsafe Status(proxy_replace_header_map_value(map, name, nameCount, value, valueCount))
                }
            }
        }
    }
}
