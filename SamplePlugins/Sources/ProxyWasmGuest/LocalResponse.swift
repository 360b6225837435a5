internal import CProxyWasm

/// Answers the request without the upstream. The callback returns `.pause` after it.
///
/// Source: Proxy-Wasm ABI 0.2.1, "proxy_send_local_response".
///
/// - Parameters:
///   - status: The HTTP status code.
///   - headers: Further headers of the response.
///   - body: The body, as it is sent.
@discardableResult
public func sendLocalResponse(status: UInt32, headers: HeaderList = HeaderList(), body: StaticString) -> Status {
    send(status, headers, body)
}

/// Answers the request without the upstream. The callback returns `.pause` after it.
@_disfavoredOverload @discardableResult
public func sendLocalResponse(
    status: UInt32, headers: HeaderList = HeaderList(), body: borrowing some Bytes & ~Copyable
) -> Status {
    send(status, headers, body)
}

private func send(_ status: UInt32, _ headers: HeaderList, _ body: borrowing some Bytes & ~Copyable) -> Status {
    let headers = headers.serialized()
    let withoutGRPC: Int32 = -1
    return body.withBytes { body in
        // Right because the host reads what it is lent during the call only.
        unsafe body.withUnsafeBufferPointer { body in
            unsafe headers.span.withUnsafeBufferPointer { headers in
                unsafe Status(
                    proxy_send_local_response(
                        status, nil, 0, body.baseAddress, body.count, headers.baseAddress, headers.count, withoutGRPC))
            }
        }
    }
}
