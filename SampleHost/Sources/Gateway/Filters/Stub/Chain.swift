public struct StreamReport: Sendable { public init() {} }
public final class ProxyWasmFilter: Sendable {}
public struct HTTPFilterChain: Sendable {
    public init(_ filters: [ProxyWasmFilter]) {}
    public var filtersRequestBody: Bool { false }
    public var filtersResponseBody: Bool { false }
    public func openStream(_ attributes: StreamAttributes) async -> HTTPFilterStream { HTTPFilterStream() }
}
public struct HTTPFilterStream: Sendable {
    public func requestHeaders(_ map: HeaderMap, endOfStream: Bool) async -> HeadersOutcome { .forward(map) }
    public func requestBody(_ bytes: [UInt8], endOfStream: Bool) async -> BodyOutcome { .forward(bytes) }
    public func responseHeaders(_ map: HeaderMap, endOfStream: Bool) async -> HeadersOutcome { .forward(map) }
    public func responseBody(_ bytes: [UInt8], endOfStream: Bool) async -> BodyOutcome { .forward(bytes) }
    public func finish() async -> StreamReport { StreamReport() }
    public func cancel() {}
}
