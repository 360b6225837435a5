import Synchronization
import TestSupport
import Testing
import Wasmtime

@Suite("Asynchronous host functions")
struct AsyncHostFunctionTests {
    let engine: Engine

    init() throws {
        engine = try Engine()
    }

    private func makeInstance(
        _ text: String, engine: Engine? = nil, _ define: (AsyncLinker<Recorder>) throws -> Void
    ) async throws -> (store: AsyncStore<Recorder>, instance: AsyncInstance) {
        let engine = engine ?? self.engine
        let linker = AsyncLinker<Recorder>(engine: engine)
        try define(linker)
        let store = AsyncStore(engine: engine, host: Recorder())
        store.setEpochYield(everyTicks: 1)
        return (store, try await store.instantiate(linker.prelink(Module(engine: engine, wat: text))))
    }

    @Test("Numbers of every type arrive and return with all their bits")
    func values() async throws {
        let (_, instance) = try await makeInstance(
            """
            (module
              (import "env" "i32" (func $i32 (param i32) (result i32))) (export "i32" (func $i32))
              (import "env" "u64" (func $u64 (param i64) (result i64))) (export "u64" (func $u64))
              (import "env" "f32" (func $f32 (param f32) (result f32))) (export "f32" (func $f32))
              (import "env" "mixed" (func $mixed (param i32 i64 f32 f64) (result f64))) (export "mixed" (func $mixed)))
            """
        ) { linker in
            try linker.defineAsync("env", "i32") { (value: Int32) async throws -> Int32 in value &- 1 }
            try linker.defineAsync("env", "u64") { (value: UInt64) async throws -> UInt64 in value &- 1 }
            try linker.defineAsync("env", "f32") { (value: Float) async throws -> Float in -value }
            try linker.defineAsync("env", "mixed") {
                (a: Int32, b: Int64, c: Float, d: Double) async throws -> Double in
                Double(a) + Double(b) + Double(c) + d
            }
        }
        let i32 = try instance.function("i32", taking: Int32.self, returning: Int32.self)
        #expect(try await i32(.min) == .max)
        let u64 = try instance.function("u64", taking: UInt64.self, returning: UInt64.self)
        #expect(try await u64(0) == .max)
        let f32 = try instance.function("f32", taking: Float.self, returning: Float.self)
        #expect(try await f32(1.5) == -1.5)
        let mixed = try instance.function(
            "mixed", taking: Int32.self, Int64.self, Float.self, Double.self, returning: Double.self)
        #expect(try await mixed(-1, 1 << 33, 0.5, 0.25) == Double(1 << 33) - 0.25)
    }

    @Test("What a host function throws after a wait ends the guest and reaches the caller unchanged")
    func throwing() async throws {
        let (_, instance) = try await makeInstance(
            """
            (module (import "env" "f" (func $f (param i32))) (func $inner (call $f (i32.const 5)))
              (func (export "g") call $inner) (func (export "h") (result i32) i32.const 1))
            """
        ) { linker in
            try linker.defineAsync("env", "f") { (value: Int32) async throws -> Void in
                await Task.yield()
                throw HostFailure(number: Int(value))
            }
        }
        let function = try instance.function("g")
        for _ in 0..<2 {
            let error = await #expect(throws: WasmtimeError.self) { try await function() }
            #expect(error?.code == .hostError)
            #expect(error?.hostError as? HostFailure == HostFailure(number: 5))
            #expect(error?.trap?.backtrace.first?.functionName == "inner")
        }
        let other = try instance.function("h", returning: Int32.self)
        #expect(try await other() == 1)
    }

    @Test("A host call that throws before it begins ends the guest")
    func refused() async throws {
        let (_, instance) = try await makeInstance(
            #"(module (import "env" "f" (func $f)) (func (export "g") call $f))"#
        ) { linker in
            try linker.defineRawAsync("env", "f", type: FunctionType(parameters: [], results: [])) { _, _ in
                throw HostFailure(number: 3)
            }
        }
        let function = try instance.function("g")
        let error = await #expect(throws: WasmtimeError.self) { try await function() }
        #expect(error?.hostError as? HostFailure == HostFailure(number: 3))
    }

    @Test("A host call reads the guest's memory when it begins and writes it when it ends")
    func memory() async throws {
        let (_, instance) = try await makeInstance(
            """
            (module (import "env" "upper" (func $upper (param i32 i32 i32) (result i32)))
              (memory (export "memory") 1) (data (i32.const 8) "hello")
              (func (export "f") (result i32) (call $upper (i32.const 8) (i32.const 5) (i32.const 100))))
            """
        ) { linker in
            let type = FunctionType(parameters: [.i32, .i32, .i32], results: [.i32])
            try linker.defineRawAsync("env", "upper", type: type) { caller, arguments in
                let memory = caller.memory("memory")
                let text = try #require(memory).read(
                    at: arguments[0].as(UInt32.self), count: arguments[1].as(UInt32.self))
                let target = arguments[2].as(UInt32.self)
                return caller.startHostCall {
                    await Task.yield()
                    let upper = text.map { $0 - 32 }
                    return { caller in
                        caller.host.values.append(Int64(upper.count))
                        let memory = caller.memory("memory")
                        try #require(memory).write(upper, at: target)
                        return [RawValue(UInt32(upper.count))]
                    }
                }
            }
        }
        let function = try instance.function("f", returning: Int32.self)
        #expect(try await function() == 5)
        #expect(try #require(instance.memory("memory")).read(at: 100, count: 5) == Array("HELLO".utf8))
    }

    @Test("A host call calls the guest's allocator when it ends")
    func allocator() async throws {
        let (store, instance) = try await makeInstance(
            """
            (module (import "env" "f" (func $f (result i32))) (import "env" "now" (func $now (result i32)))
              (global $next (mut i32) (i32.const 64))
              (func (export "allocate") (param i32) (result i32)
                global.get $next (global.set $next (i32.add (global.get $next) (local.get 0))))
              (func (export "g") (result i32) (i32.add (call $f) (call $f)))
              (func (export "h") (result i32) (call $now)))
            """
        ) { linker in
            try linker.defineRawAsync("env", "f", type: FunctionType(parameters: [], results: [.i32])) { caller, _ in
                caller.startHostCall {
                    await Task.yield()
                    return { caller in
                        let host = caller.host
                        return [RawValue(try caller.call(try #require(host.allocate), 16))]
                    }
                }
            }
            try linker.define("env", "now") { (caller) throws -> Int32 in
                let host = caller.host
                return try caller.call(try #require(host.allocate), 8)
            }
        }
        store.host.allocate = try instance.function("allocate", taking: Int32.self, returning: Int32.self)
        let function = try instance.function("g", returning: Int32.self)
        #expect(try await function() == 64 + 80)
        let synchronous = try instance.function("h", returning: Int32.self)
        #expect(try await synchronous() == 96)
        store.host.allocate = nil
    }

    @Test("A function that a host function called must not wait")
    func nestedWait() async throws {
        let gate = Gate()
        let (store, instance) = try await makeInstance(
            """
            (module (import "env" "wait" (func $wait)) (import "env" "now" (func $now (result i32)))
              (func (export "nested") (param i32) (result i32) call $wait local.get 0)
              (func (export "g") (result i32) call $now))
            """
        ) { linker in
            try linker.defineAsync("env", "wait") { () async throws -> Void in try await gate.pass() }
            try linker.define("env", "now") { (caller) throws -> Int32 in
                let host = caller.host
                return try caller.call(try #require(host.allocate), 8)
            }
        }
        store.host.allocate = try instance.function("nested", taking: Int32.self, returning: Int32.self)
        let function = try instance.function("g", returning: Int32.self)
        let error = await #expect(throws: WasmtimeError.self) { _ = try await function() }
        #expect((error?.hostError as? WasmtimeError)?.code == .busy)
        store.host.allocate = nil
    }

    @Test(
        "A guest goes on after its host function took no notice of a nested call that waited", .timeLimit(.minutes(1)))
    func nestedWaitSwallowed() async throws {
        let gate = Gate()
        let engine = try Engine(EngineConfiguration(epochs: true))
        let (store, instance) = try await makeInstance(
            """
            (module (import "env" "wait" (func $wait)) (import "env" "now" (func $now (result i32)))
              (func (export "nested") (param i32) (result i32) call $wait local.get 0)
              (func (export "g") (result i32) (local $i i32)
                call $now
                (loop $more (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))))
            """, engine: engine
        ) { linker in
            try linker.defineAsync("env", "wait") { () async throws -> Void in try await gate.pass() }
            try linker.define("env", "now") { (caller) throws -> Int32 in
                let host = caller.host
                let nested = try #require(host.allocate)
                #expect(throws: WasmtimeError.self) { _ = try caller.call(nested, 8) }
                // The guest gives way in its loop.
                engine.incrementEpoch()
                return 7
            }
        }
        store.host.allocate = try instance.function("nested", taking: Int32.self, returning: Int32.self)
        #expect(try await instance.function("g", returning: Int32.self)() == 7)
        store.host.allocate = nil
    }

    @Test("A result of the wrong number of values ends the guest")
    func wrongResults() async throws {
        let (_, instance) = try await makeInstance(
            #"(module (import "env" "f" (func $f (result i32))) (func (export "g") (result i32) call $f))"#
        ) { linker in
            try linker.defineRawAsync("env", "f", type: FunctionType(parameters: [], results: [.i32])) { _, _ in
                let call = PendingHostCall<Recorder>()
                call.complete(with: .success([]))
                return call
            }
        }
        let function = try instance.function("g", returning: Int32.self)
        let error = await #expect(throws: WasmtimeError.self) { _ = try await function() }
        #expect((error?.hostError as? WasmtimeError)?.code == .signatureMismatch)
    }

    @Test("Only the first completion of a host call counts, from whatever thread it comes")
    func completions() async throws {
        let (_, instance) = try await makeInstance(
            #"(module (import "env" "f" (func $f (result i32))) (func (export "g") (result i32) call $f))"#
        ) { linker in
            try linker.defineRawAsync("env", "f", type: FunctionType(parameters: [], results: [.i32])) { _, _ in
                let call = PendingHostCall<Recorder>()
                Task.detached {
                    call.complete(with: .success([RawValue(Int32(1))]))
                    call.complete(with: .success([RawValue(Int32(2))]))
                    call.complete(with: Result<[RawValue], any Error>.failure(HostFailure(number: 3)))
                }
                return call
            }
        }
        let function = try instance.function("g", returning: Int32.self)
        for _ in 0..<200 {
            #expect(try await function() == 1)
        }
    }

    @Test("Host functions run on the task executor of the store")
    func taskExecutor() async throws {
        let executor = CountingExecutor()
        let linker = AsyncLinker<Recorder>(engine: engine)
        try linker.defineAsync("env", "f") { () async throws -> Void in await Task.yield() }
        let store = AsyncStore(engine: engine, host: Recorder(), taskExecutor: executor)
        let module = try Module(
            engine: engine, wat: #"(module (import "env" "f" (func $f)) (func (export "g") call $f))"#)
        try await store.instantiate(linker.prelink(module)).function("g")()
        #expect(executor.count >= 1)
    }
}

/// Runs jobs on Swift's own threads, and counts them.
private final class CountingExecutor: TaskExecutor {
    private let jobs = Mutex(0)

    var count: Int { jobs.withLock { $0 } }

    func enqueue(_ job: consuming ExecutorJob) {
        jobs.withLock { $0 += 1 }
        let job = UnownedJob(job)
        // Safe: the job runs once, and the task keeps its executor until then.
        Task.detached { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
