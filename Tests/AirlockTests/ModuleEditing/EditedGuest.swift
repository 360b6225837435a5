import Wasmtime

@testable import Airlock

/// A module from text, edited and instantiated.
struct EditedGuest {
    let edited: EditedModule
    let original: [UInt8]
    let instance: Instance
    private let store: Store<AnyHost>

    final class AnyHost {}

    /// The engine that all edited modules run in; it allows several memories.
    static func makeEngine() throws -> Engine {
        try Engine(EngineConfiguration(features: WasmFeatures.standard.union(.multiMemory)))
    }

    static var bounds: ModuleBounds {
        var bounds = ModuleBounds()
        bounds.memories = 10
        return bounds
    }

    init(_ text: String, pages: Int, engine: Engine? = nil) throws {
        let engine = try engine ?? Self.makeEngine()
        original = try Module.binary(ofWAT: text)
        try Module.validate(original, engine: engine)
        edited = try EditedModule(original, bounds: Self.bounds, memoryLimit: pages * 65_536)
        store = Store(engine: engine, host: AnyHost())
        let linker = Linker<AnyHost>(engine: engine)
        try linker.define("host", "twice") { (_: borrowing Caller<AnyHost>, value: Int32) -> Int32 in 2 &* value }
        instance = try store.instantiate(linker.prelink(Module(engine: engine, bytes: edited.bytes)))
        if let start = edited.hostExports.start { try instance.function(start)() }
    }

    func call(_ name: String, _ argument: Int32) throws -> Int32 {
        try instance.function(name, taking: Int32.self, returning: Int32.self)(argument)
    }

    func call(_ name: String) throws -> Int32 {
        try instance.function(name, returning: Int32.self)()
    }

    /// How often growth was refused, as the host counts it; nil where it does not.
    var refusals: Int64? {
        get throws {
            guard let name = edited.hostExports.refusals, let global = instance.global(name) else { return nil }
            return try global.value(as: Int64.self)
        }
    }

    /// The pages of each memory, as the host finds them.
    var pages: [UInt64?] {
        edited.hostExports.memories.map { instance.memory($0)?.pageCount }
    }
}
