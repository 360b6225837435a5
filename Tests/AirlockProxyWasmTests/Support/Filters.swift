import Airlock
import AirlockProxyWasm
import AirlockTesting

/// A plugin host with a runtime and a log, for one test.
struct Filters {
    let host: PluginHost
    let runtime: ProxyWasmRuntime
    let log: RecordedLog

    /// Loads a filter.
    func load(
        _ source: PluginSource,
        name: String = "filter",
        _ change: (inout FilterConfiguration) -> Void = { _ in }
    ) async throws -> ProxyWasmFilter {
        var configuration = FilterConfiguration(name: name, source: source)
        // Tests run beside each other on machines with few cores; those about deadlines set their own.
        configuration.limits.deadline = .seconds(60)
        change(&configuration)
        return try await runtime.load(configuration)
    }

    /// Opens a stream through one filter or several.
    func stream(_ filters: ProxyWasmFilter..., attributes: StreamAttributes = StreamAttributes()) async
        -> HTTPFilterStream
    {
        await HTTPFilterChain(filters, runtime: runtime).openStream(attributes)
    }

    /// The error that loading such a filter ends with.
    func refusal(_ source: PluginSource, _ change: (inout FilterConfiguration) -> Void = { _ in }) async -> PluginError?
    {
        do {
            _ = try await load(source, change)
            return nil
        } catch {
            return error as? PluginError
        }
    }
}

/// Runs a test with a host of one worker loop, unless it asks for more, and ends the host afterwards.
func withFilters(
    workers: Int = 1,
    limits: ProxyWasmRuntimeLimits = ProxyWasmRuntimeLimits(),
    node: ProxyNode? = nil,
    callOuts: (any HTTPCallOutClient)? = nil,
    grpcCallOuts: (any GRPCCallOutClient)? = nil,
    foreignFunctions: ForeignFunctions = .builtIn(),
    _ body: (Filters) async throws -> Void
) async throws {
    try await withPluginHost(PluginHostConfiguration(workers: workers)) { host in
        let log = RecordedLog()
        let runtime = ProxyWasmRuntime(
            host: host, limits: limits, node: node, callOuts: callOuts, grpcCallOuts: grpcCallOuts,
            foreignFunctions: foreignFunctions,
            logger: log.logger())
        try await body(Filters(host: host, runtime: runtime, log: log))
    }
}

extension HeadersOutcome {
    var forwarded: HeaderMap? {
        if case .forward(let map) = self { map } else { nil }
    }

    var reply: LocalReply? {
        if case .localReply(let reply) = self { reply } else { nil }
    }
}

extension BodyOutcome {
    var forwarded: String? {
        if case .forward(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    var reply: LocalReply? {
        if case .localReply(let reply) = self { reply } else { nil }
    }
}

extension TrailersOutcome {
    var forwarded: HeaderMap? {
        if case .forward(_, let trailers) = self { trailers } else { nil }
    }

    var body: String? {
        if case .forward(let body, _) = self { String(decoding: body, as: UTF8.self) } else { nil }
    }

    var reply: LocalReply? {
        if case .localReply(let reply) = self { reply } else { nil }
    }
}

extension HTTPFilterStream {
    func requestBody(_ text: String, endOfStream: Bool = false) async -> BodyOutcome {
        await requestBody(Array(text.utf8), endOfStream: endOfStream)
    }

    func responseBody(_ text: String, endOfStream: Bool = false) async -> BodyOutcome {
        await responseBody(Array(text.utf8), endOfStream: endOfStream)
    }
}

/// A plain GET request.
let getRequest: HeaderMap = [
    ":authority": "example.test", ":path": "/a?b=c", ":method": "GET", ":scheme": "http", "accept": "*/*",
]
/// A plain response.
let okResponse: HeaderMap = [":status": "200", "content-type": "text/plain"]
