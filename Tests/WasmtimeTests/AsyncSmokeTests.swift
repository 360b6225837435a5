import Testing
import Wasmtime

@Suite("Async smoke")
struct AsyncSmokeTests {
    final class Host {}

    @Test("A guest waits for an async host function")
    func call() async throws {
        let engine = try Engine(EngineConfiguration(fuel: true))
        let module = try Module(engine: engine, wat: """
            (module (import "env" "twice" (func $twice (param i32) (result i32)))
              (func (export "f") (param i32) (result i32)
                local.get 0 call $twice call $twice))
            """)
        let linker = AsyncLinker<Host>(engine: engine)
        try linker.defineAsync("env", "twice") { (value: Int32) async throws -> Int32 in
            await Task.yield()
            return value * 2
        }
        let store = AsyncStore(engine: engine, host: Host())
        try store.setFuel(1_000_000)
        let instance = try await store.instantiate(linker.prelink(module))
        let function = try instance.function("f", taking: Int32.self, returning: Int32.self)
        #expect(try await function(10) == 40)
    }
}
