import Testing
import Wasmtime

@Suite("Lifetimes")
struct LifetimeTests {
    /// Something that a host function holds.
    final class Token: Sendable {}

    static let text = #"(module (import "env" "f" (func $f)) (func (export "g") call $f))"#

    @Test("Host functions live as long as anything can call them")
    func hostFunctions() throws {
        let engine = try Engine()
        weak var token: Token?
        var prelinked: PrelinkedModule<Recorder>?
        do {
            let held = Token()
            token = held
            let linker = Linker<Recorder>(engine: engine)
            try linker.define("env", "f") { (_) in _ = held }
            prelinked = try linker.prelink(Module(engine: engine, wat: Self.text))
        }
        #expect(token != nil)
        do {
            let store = Store(engine: engine, host: Recorder())
            let function = try store.instantiate(try #require(prelinked)).function("g")
            prelinked = nil
            // The instance keeps what it calls.
            try function()
        }
        #expect(token == nil)
    }

    @Test("A host function whose definition is refused is freed")
    func refusedHostFunctions() throws {
        weak var token: Token?
        let linker = Linker<Recorder>(engine: try Engine())
        do {
            let held = Token()
            token = held
            try linker.define("env", "f") { (_) in }
            #expect(failure { () throws(WasmtimeError) in try linker.define("env", "f") { (_) in _ = held } } != nil)
        }
        #expect(token == nil)
    }

    @Test("A store and its host object go with the last handle")
    func stores() throws {
        let engine = try Engine()
        weak var host: Recorder?
        var function: TypedFunction<Void>?
        do {
            let (store, instance) = try makeGuest(Self.text, engine: engine) { linker in
                try linker.define("env", "f") { (_) in }
            }
            host = store.host
            function = try instance.function("g")
        }
        #expect(host != nil)
        try function?()
        function = nil
        #expect(host == nil)
    }

    @Test("An error that a host function threw goes with its last reference")
    func errors() throws {
        final class Cause: Sendable {}
        struct Failure: Error {
            let cause: Cause
        }
        weak var cause: Cause?
        do {
            let (_, instance) = try makeGuest(Self.text, engine: Engine()) { linker in
                let held = Cause()
                cause = held
                try linker.define("env", "f") { [weak held] (_) in
                    if let held {
                        throw Failure(cause: held)
                    }
                }
                #expect(held === cause)
                try linker.define("env", "keeper") { (_) in _ = held }
            }
            let function = try instance.function("g")
            for _ in 0..<3 {
                let error = failure { () throws(WasmtimeError) in try function() }
                #expect((error?.hostError as? Failure)?.cause === cause)
            }
        }
        #expect(cause == nil)
    }

    @Test("Modules, engines and linkers may go in any order")
    func order() throws {
        var engine: Engine? = try Engine()
        var linker: Linker<Recorder>? = Linker(engine: try #require(engine))
        var module: Module? = try Module(engine: try #require(engine), wat: "(module (memory 1))")
        let prelinked = try #require(linker).prelink(try #require(module))
        let store = Store(engine: try #require(engine), host: Recorder())
        engine = nil
        linker = nil
        module = nil
        _ = try store.instantiate(prelinked)
        _ = (engine, linker, module)
    }
}
