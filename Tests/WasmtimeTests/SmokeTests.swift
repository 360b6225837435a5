import Testing
import Wasmtime

@Suite("Smoke")
struct SmokeTests {
    final class Host {
        var log: [Int32] = []
    }

    @Test("A guest calls a host function and returns a number")
    func call() throws {
        let engine = try Engine()
        let module = try Module(engine: engine, wat: """
            (module (import "env" "log" (func $log (param i32)))
              (memory (export "memory") 1)
              (func (export "add") (param i32 i32) (result i32)
                local.get 0 call $log local.get 0 local.get 1 i32.add))
            """)
        let linker = Linker<Host>(engine: engine)
        try linker.define("env", "log") { (caller, value: Int32) in caller.host.log.append(value) }
        let store = Store(engine: engine, host: Host())
        let instance = try store.instantiate(linker.prelink(module))
        let add = try instance.function("add", taking: Int32.self, Int32.self, returning: Int32.self)
        #expect(try add(2, 3) == 5)
        #expect(store.host.log == [2])
    }
}
