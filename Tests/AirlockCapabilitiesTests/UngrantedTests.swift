import Airlock
import AirlockCapabilities
import AirlockTesting
import Testing

@Suite("Capabilities that were not granted")
struct UngrantedTests {
    static let imports: [(String, any Capability.Type)] = [
        ("\"airlock:files\" \"read\" (func (param i32 i32 i64 i32 i32) (result i32))", FileAccess.self),
        ("\"airlock:kv\" \"key-count\" (func (result i64))", KeyValue.self),
        ("\"airlock:log\" \"write\" (func (param i32 i32 i32) (result i32))", AirlockCapabilities.Logging.self),
        ("\"airlock:random\" \"fill\" (func (param i32 i32))", Randomness.self),
        ("\"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32))", WASI.self),
    ]

    @Test("A module that imports from one is refused, and told which it needs", arguments: imports.indices)
    func refused(index: Int) async throws {
        let (text, type) = Self.imports[index]
        let known: [any Capability.Type] = Self.imports.map(\.1)
        let configuration = PluginHostConfiguration(
            workers: 1, compilation: .inProcess, knownCapabilities: known)
        try await withPluginHost(configuration) { host in
            for isSuspendable in [false, true] {
                let source = PluginSource.wat("(module (import \(text)))")
                let error = await #expect(throws: PluginError.self) {
                    if isSuspendable {
                        _ = try await host.loadSuspendable(source, name: "wishful", granting: [])
                    } else {
                        _ = try await host.load(source, name: "wishful", granting: [])
                    }
                }
                #expect(error?.code == .missingCapability)
                #expect(error?.plugin == "wishful")
                #expect(
                    error?.message.contains("needs the capability '\(type.id)'") == true, "\(String(describing: error))"
                )
            }
            #expect(host.instanceCount == 0)
        }
    }
}
