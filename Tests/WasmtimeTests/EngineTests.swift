import Testing
import Wasmtime

@Suite("Engine")
struct EngineTests {
    static let invalid: [(EngineConfiguration, String)] = [
        (EngineConfiguration(maxWasmStack: 0), "maxWasmStack"),
        (EngineConfiguration(maxWasmStack: -1), "maxWasmStack"),
        (EngineConfiguration(maxWasmStack: 1 << 40, asyncStackSize: 1 << 41), "maxWasmStack"),
        (EngineConfiguration(maxWasmStack: 1 << 20, asyncStackSize: 1 << 20), "asyncStackSize"),
        (EngineConfiguration(maxWasmStack: 512 << 10, asyncStackSize: (768 << 10) - 1), "asyncStackSize"),
        (EngineConfiguration(asyncStackSize: .max), "asyncStackSize"),
        (EngineConfiguration(memoryReservation: -1), "memoryReservation"),
        (EngineConfiguration(memoryReservation: .max), "memoryReservation"),
        (EngineConfiguration(memoryGuardSize: .min), "memoryGuardSize"),
        (EngineConfiguration(memoryGuardSize: .max), "memoryGuardSize"),
        (EngineConfiguration(features: [.multiValue, .relaxedSIMD]), "relaxedSIMD needs simd"),
        (EngineConfiguration(features: [.functionReferences]), "functionReferences needs referenceTypes"),
        (EngineConfiguration(features: [.exceptions]), "exceptions needs referenceTypes"),
        (EngineConfiguration(features: [.referenceTypes, .garbageCollection]), "needs functionReferences"),
        (EngineConfiguration(features: [.referenceTypes, .stackSwitching]), "stackSwitching"),
        (pooling { $0.instances = 0 }, "instances"),
        (pooling { $0.memories = .max }, "memories"),
        (pooling { $0.memories = 1_000_000 }, "memories"),
        (pooling { $0.tables = .max }, "tables"),
        (pooling { $0.stacks = 60_000 }, "stacks"),
        (pooling { $0.memoryBytes = -1 }, "memoryBytes"),
        (pooling { $0.memoryBytes = 8 << 30 }, "memoryBytes"),
        (pooling { $0.tableElements = .max }, "tableElements"),
        (pooling { $0.memoriesPerModule = .max }, "memoriesPerModule"),
        (pooling { $0.tablesPerModule = .max }, "tablesPerModule"),
        (pooling { $0.instanceBytes = 0 }, "instanceBytes"),
        (pooling { $0.memoryKeepResident = -1 }, "memoryKeepResident"),
        (pooling { $0.tableKeepResident = -1 }, "tableKeepResident"),
        (pooling { $0.stackKeepResident = .max }, "stackKeepResident"),
    ]

    static func pooling(_ change: (inout PoolingLimits) -> Void) -> EngineConfiguration {
        var limits = PoolingLimits()
        change(&limits)
        return EngineConfiguration(allocation: .pooling(limits))
    }

    @Test("Settings that the engine would abort on are thrown, with the name of the setting", arguments: invalid)
    func invalidSettings(configuration: EngineConfiguration, name: String) {
        let error = failure { () throws(WasmtimeError) in _ = try Engine(configuration) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains(name) == true, "\(error?.message ?? "no error")")
    }

    static let valid: [EngineConfiguration] = [
        EngineConfiguration(),
        EngineConfiguration(fuel: true, epochs: true, optimization: .none, parallelCompilation: false),
        EngineConfiguration(maxWasmStack: 4 << 10, asyncStackSize: 260 << 10),
        EngineConfiguration(memoryReservation: 0, memoryGuardSize: 0),
        EngineConfiguration(memoryReservation: 12_345, memoryGuardSize: 6_789, optimization: .speedAndSize),
        EngineConfiguration(features: []),
        EngineConfiguration(features: [.simd, .relaxedSIMD], isDeterministic: true),
        EngineConfiguration(features: WasmFeatures.standard.union([.memory64, .threads, .multiMemory])),
        EngineConfiguration(features: WasmFeatures.standard.union([.garbageCollection, .customPageSizes])),
        EngineConfiguration(features: WasmFeatures.standard.union([.wideArithmetic])),
        EngineConfiguration(features: [.referenceTypes]),
        EngineConfiguration(features: [.referenceTypes, .exceptions]),
        EngineConfiguration(features: [.referenceTypes, .functionReferences]),
        EngineConfiguration(features: [.referenceTypes, .functionReferences, .garbageCollection]),
        EngineConfiguration(features: [.bulkMemory]),
        EngineConfiguration(features: [.tailCalls]),
        EngineConfiguration(features: [.threads]),
        EngineConfiguration(features: [.memory64]),
        pooling { _ in },
        pooling { $0.memories = 0 },
        pooling { $0.tables = 0 },
        pooling { $0.stacks = 0 },
        pooling { limits in
            limits.memoryBytes = 0
            limits.tableElements = 0
        },
    ]

    @Test("Settings in their ranges make an engine that compiles", .serialized, arguments: valid)
    func validSettings(configuration: EngineConfiguration) throws {
        let engine = try Engine(configuration)
        #expect(engine.configuration == configuration)
        let module = try Module(engine: engine, wat: #"(module (func (export "f")))"#)
        #expect(module.exports.count == 1)
    }

    static let gated: [(WasmFeatures, String)] = [
        (.multiMemory, "(module (memory 1) (memory 1))"),
        (.memory64, "(module (memory i64 1))"),
        (.threads, "(module (memory 1 1 shared))"),
        (.garbageCollection, "(module (type (struct (field i32))))"),
        (.customPageSizes, "(module (memory 1 (pagesize 1)))"),
        (.multiValue, "(module (func (result i32 i32) i32.const 1 i32.const 2))"),
        (.bulkMemory, "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))"),
        (.simd, "(module (func (result v128) (v128.const i64x2 0 0)))"),
        (.tailCalls, "(module (func $f return_call $f))"),
        (.exceptions, "(module (tag))"),
        (.wideArithmetic, "(module (func (param i64 i64) (result i64 i64) local.get 0 local.get 1 i64.mul_wide_s))"),
    ]

    @Test("A module that uses a proposal compiles only when the proposal is on", arguments: gated)
    func gatedModules(feature: WasmFeatures, text: String) throws {
        let all: WasmFeatures = [
            .standard, .multiMemory, .memory64, .threads, .garbageCollection, .customPageSizes, .wideArithmetic,
        ]
        let without = try Engine(EngineConfiguration(features: all.subtracting([feature, .garbageCollection])))
        let error = failure { () throws(WasmtimeError) in _ = try Module(engine: without, wat: text) }
        #expect(error?.code == .invalidModule)
        _ = try Module(engine: Engine(EngineConfiguration(features: all)), wat: text)
    }

    @Test("A deterministic engine gives not-a-number one representation")
    func deterministic() throws {
        let engine = try Engine(EngineConfiguration(isDeterministic: true))
        let (_, instance) = try makeGuest(
            """
            (module (func (export "f") (param f64 f64) (result i64)
                (i64.reinterpret_f64 (f64.div (local.get 0) (local.get 1)))))
            """, engine: engine)
        let divide = try instance.function("f", taking: Double.self, Double.self, returning: UInt64.self)
        #expect(try divide(0, 0) == 0x7ff8_0000_0000_0000)
        #expect(try divide(Double(nan: 0x1234, signaling: false), 1) == 0x7ff8_0000_0000_0000)
    }
}
