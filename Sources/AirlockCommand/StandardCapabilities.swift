import Airlock
import AirlockCapabilities
import AirlockHTTP
import AirlockProxyWasm
import Logging

/// The capabilities that come with Airlock.
enum StandardCapabilities {
    /// Reads policies that name any of them. What a policy makes is looked at here and never used, so logs go nowhere.
    static let policyReader = PolicyReader(capabilities: [
        AirlockCapabilities.Logging.id: { (fields) throws(PluginError) in try Logging(policy: &fields, to: silence) },
        Clock.id: { (fields) throws(PluginError) in try Clock(policy: &fields) },
        Randomness.id: { (fields) throws(PluginError) in try Randomness(policy: &fields) },
        Environment.id: { (fields) throws(PluginError) in try Environment(policy: &fields) },
        FileAccess.id: { (fields) throws(PluginError) in try FileAccess(policy: &fields) },
        KeyValue.id: { (fields) throws(PluginError) in try KeyValue(policy: &fields, store: InMemoryKeyValueStore()) },
        Events.id: { (fields) throws(PluginError) in try Events(policy: &fields, topics: EventTopics()) },
        HTTPEgress.id: { (fields) throws(PluginError) in try HTTPEgress(policy: &fields, client: HTTPEgressClient()) },
        ProxyWasmABI.id: { (fields) throws(PluginError) in try ProxyWasmABI(policy: &fields) },
        WASI.id: { (fields) throws(PluginError) in try WASI(policy: &fields, to: silence) },
    ])

    /// Those that are no ABI's own, to tell which one an import needs.
    static let all: [any Capability.Type] = [
        AirlockCapabilities.Logging.self, Clock.self, Randomness.self, Environment.self, FileAccess.self,
        KeyValue.self, Events.self, HTTPEgress.self, WASI.self,
    ]

    /// What the hosts of an ABI give every plugin.
    static func given(by abi: PluginABI?) -> [any Capability.Type] {
        abi?.name == "proxy-wasm" ? [ProxyWasmRuntime.hostFunctions] : []
    }

    private static let silence = Logger(label: "airlock.inspect") { _ in SwiftLogNoOpLogHandler() }
}
