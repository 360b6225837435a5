import Airlock
import AirlockHTTP
import AirlockTesting
import NIOSSL

/// Opens the loopback addresses that tests use; everything else keeps its rules.
let loopback = ["127.0.0.1/32", "127.0.0.2/32"]

/// A resolver for the names of a test; others have no address.
func fixed(_ names: [String: [String]]) -> AddressResolver {
    AddressResolver { name in (names[name] ?? []).compactMap { IPAddress($0) } }
}

/// Runs `body` with a plugin whose grant has these rules, and with its HTTP client until both are shut down.
func withEgress<Value>(
    _ rules: [String],
    allowing ranges: [String] = loopback,
    resolver: AddressResolver = fixed(["plugins.test": ["127.0.0.1"]]),
    tls: TLSConfiguration = .makeClientConfiguration(),
    limits: HTTPEgressLimits = HTTPEgressLimits(),
    callLimits: PluginLimits = PluginLimits(deadline: .seconds(60)),
    quota: Quota? = nil,
    _ body: (EgressPlugin) async throws -> Value
) async throws -> Value {
    try await withHTTPEgressClient(resolver: resolver, tls: tls) { client in
        let grant = HTTPEgress(
            client,
            rules: try rules.map { try HTTPRule(text: $0) },
            addresses: AddressPolicy(allowed: try ranges.map { try IPRange($0) }),
            limits: limits
        )
        return try await withPluginHost { host in
            try await body(EgressPlugin(host, grant, limits: callLimits, quota: quota))
        }
    }
}

/// Runs `body` with an HTTP client and shuts it down afterwards.
func withHTTPEgressClient<Value>(
    resolver: AddressResolver,
    tls: TLSConfiguration = .makeClientConfiguration(),
    connectTimeout: Duration = .seconds(5),
    _ body: (HTTPEgressClient) async throws -> Value
) async throws -> Value {
    var configuration = HTTPEgressClient.Configuration()
    configuration.connectTimeout = connectTimeout
    configuration.resolver = resolver
    configuration.tls = tls
    let client = HTTPEgressClient(configuration)
    let result: Result<Value, any Error>
    do { result = .success(try await body(client)) } catch { result = .failure(error) }
    await client.shutdown()
    return try result.get()
}

/// Runs `body` with a plugin that has that grant.
func withPlugin<Value>(_ grant: HTTPEgress, _ body: (EgressPlugin) async throws -> Value) async throws -> Value {
    try await withPluginHost { host in try await body(EgressPlugin(host, grant)) }
}
