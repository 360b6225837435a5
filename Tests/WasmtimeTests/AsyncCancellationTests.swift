import Synchronization
import TestSupport
import Testing
import Wasmtime

@Suite("Stopping asynchronous calls")
struct AsyncCancellationTests {
    static let text = """
        (module (import "env" "wait" (func $wait)) (import "env" "tick" (func $tick))
          (func (export "wait") call $wait)
          (func (export "forever") (loop $again call $tick br $again))
          (func (export "f") (result i32) i32.const 7))
        """

    /// A guest that waits at a gate, or loops and moves the epoch in each iteration.
    static func instance(
        _ store: AsyncStore<Recorder>, gate: Gate = Gate(), onTick: @escaping @Sendable () -> Void = {}
    ) async throws -> AsyncInstance {
        let engine = store.engine
        let linker = AsyncLinker<Recorder>(engine: engine)
        try linker.defineAsync("env", "wait") { () async throws -> Void in try await gate.pass() }
        try linker.define("env", "tick") { (caller) in
            caller.host.values.append(1)
            engine.incrementEpoch()
            onTick()
        }
        return try await store.instantiate(linker.prelink(Module(engine: engine, wat: text)))
    }

    @Test("Cancelling the task ends a call that waits, and the task of its host function")
    func cancelWhileWaiting() async throws {
        let engine = try Engine()
        let gate = Gate()
        let owner = StoreOwner(engine)
        let task = Task { try await owner.wait(at: gate) }
        await gate.arrivals(1)
        task.cancel()
        let error = await #expect(throws: WasmtimeError.self) { try await task.value }
        #expect(error?.code == .cancelled && error?.stopReason == nil)
        await gate.cancellations(1)
        // The store serves on.
        #expect(try await owner.call() == 7)
    }

    @Test("A stop from outside ends a call that waits, with its reason")
    func stopWhileWaiting() async throws {
        let engine = try Engine()
        let gate = Gate()
        let owner = StoreOwner(engine)
        let stop = CallStop()
        let task = Task { try await owner.wait(at: gate, stop: stop) }
        await gate.arrivals(1)
        stop.stop(StopReason(rawValue: "deadline"))
        stop.stop(StopReason(rawValue: "too late"))
        let error = await #expect(throws: WasmtimeError.self) { try await task.value }
        #expect(error?.code == .cancelled && error?.stopReason == StopReason(rawValue: "deadline"))
        #expect(error?.message.contains("deadline") == true)
        await gate.cancellations(1)
        #expect(try await owner.call() == 7)
        // It holds for later calls too, which do not begin.
        let later = await #expect(throws: WasmtimeError.self) { try await owner.wait(at: gate, stop: stop) }
        #expect(later?.stopReason == StopReason(rawValue: "deadline"))
    }

    @Test("A stop from outside ends a guest that computes, when it yields")
    func stopWhileRunning() async throws {
        let engine = try Engine(EngineConfiguration(epochs: true))
        let store = AsyncStore(engine: engine, host: Recorder())
        store.setEpochYield(everyTicks: 10)
        let stop = CallStop()
        let ticks = Mutex(0)
        let instance = try await Self.instance(store) {
            if ticks.withLock({
                $0 += 1; return $0
            }) == 35 {
                stop.stop(StopReason(rawValue: "enough"))
            }
        }
        let forever = try instance.function("forever")
        let error = await #expect(throws: WasmtimeError.self) { try await forever(stop: stop) }
        #expect(error?.code == .cancelled && error?.stopReason == StopReason(rawValue: "enough"))
        #expect(store.host.values.count == 40)
        let other = try instance.function("f", returning: Int32.self)
        #expect(try await other() == 7)
    }

    @Test("Cancelling the task ends a guest that computes, when it yields")
    func cancelWhileRunning() async throws {
        let engine = try Engine(EngineConfiguration(epochs: true))
        let owner = StoreOwner(engine)
        let cancel = Mutex<Task<Void, any Error>?>(nil)
        let started = Mutex(0)
        let task = Task {
            try await owner.runForever {
                if started.withLock({
                    $0 += 1; return $0
                }) >= 100 {
                    cancel.withLock { $0?.cancel() }
                }
            }
        }
        cancel.withLock { $0 = task }
        let error = await #expect(throws: WasmtimeError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    @Test("A call of a task that was cancelled before does not begin")
    func cancelledBefore() async throws {
        let owner = StoreOwner(try Engine())
        try await owner.prepare()
        let gate = Gate(isOpen: true)
        let task = Task {
            while !Task.isCancelled {
                await Task.yield()
            }
            try await owner.wait(at: gate)
        }
        task.cancel()
        let error = await #expect(throws: WasmtimeError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    @Test("A result that comes after its guest went away is dropped")
    func lateResult() async throws {
        let engine = try Engine()
        let calls = Mutex<[PendingHostCall<Recorder>]>([])
        let closed = Mutex(0)
        let stop = CallStop()
        let linker = AsyncLinker<Recorder>(engine: engine)
        try linker.defineRawAsync("env", "f", type: FunctionType(parameters: [], results: [.i32])) { _, _ in
            let call = PendingHostCall<Recorder>(onCancel: { closed.withLock { $0 += 1 } })
            let isFirst = calls.withLock { calls in
                calls.append(call)
                return calls.count == 1
            }
            if isFirst {
                stop.stop(StopReason(rawValue: "gone"))
            } else {
                call.complete(with: .success([RawValue(Int32(2))]))
            }
            return call
        }
        let store = AsyncStore(engine: engine, host: Recorder())
        let instance = try await store.instantiate(
            linker.prelink(
                Module(
                    engine: engine,
                    wat: #"(module (import "env" "f" (func $f (result i32))) (func (export "g") (result i32) call $f))"#
                )))
        let function = try instance.function("g", returning: Int32.self)
        let error = await #expect(throws: WasmtimeError.self) { _ = try await function(stop: stop) }
        #expect(error?.stopReason == StopReason(rawValue: "gone"))
        #expect(closed.withLock { $0 } == 1)
        let late = try #require(calls.withLock { $0.first })
        late.complete(with: .success([RawValue(Int32(99))]))
        #expect(try await function() == 2)
        #expect(closed.withLock { $0 } == 1)
    }

    @Test("A store goes although the task of a host call still runs")
    func storeGoesFirst() async throws {
        let engine = try Engine()
        let calls = Mutex<[PendingHostCall<Recorder>]>([])
        weak var host: Recorder?
        let stop = CallStop()
        do {
            let linker = AsyncLinker<Recorder>(engine: engine)
            try linker.defineRawAsync("env", "f", type: FunctionType(parameters: [], results: [])) { _, _ in
                let call = PendingHostCall<Recorder>()
                calls.withLock { $0.append(call) }
                stop.stop(StopReason(rawValue: "gone"))
                return call
            }
            let store = AsyncStore(engine: engine, host: Recorder())
            host = store.host
            let module = try Module(
                engine: engine, wat: #"(module (import "env" "f" (func $f)) (func (export "g") call $f))"#)
            let function = try await store.instantiate(linker.prelink(module)).function("g")
            _ = await #expect(throws: WasmtimeError.self) { try await function(stop: stop) }
        }
        #expect(host == nil)
        try #require(calls.withLock { $0.first }).complete(with: .success([]))
    }

    @Test("Guests that compute give way to each other on one actor")
    func fairness() async throws {
        let engine = try Engine(EngineConfiguration(epochs: true))
        let turns = Turns()
        let stop = CallStop()
        let owner = LoopOwner(engine)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<3 {
                group.addTask {
                    try? await owner.loop(stop: stop) {
                        if turns.append(number) == 3_000 {
                            stop.stop(StopReason(rawValue: "done"))
                        }
                    }
                }
            }
        }
        let order = turns.order
        for number in 0..<3 {
            #expect(order.count { $0 == number } > 500)
        }
        // No guest kept the actor for longer than a few of its turns.
        let changes = zip(order, order.dropFirst()).count { $0 != $1 }
        #expect(changes > 150)
    }
}

/// Owns one store.
private actor StoreOwner {
    private let engine: Engine
    private var instance: AsyncInstance?

    init(_ engine: Engine) {
        self.engine = engine
    }

    func prepare(_ gate: Gate = Gate(isOpen: true), onTick: @escaping @Sendable () -> Void = {}) async throws {
        guard instance == nil else {
            return
        }
        let store = AsyncStore(engine: engine, host: Recorder())
        store.setEpochYield(everyTicks: 10)
        instance = try await AsyncCancellationTests.instance(store, gate: gate, onTick: onTick)
    }

    func wait(at gate: Gate, stop: CallStop? = nil) async throws {
        try await prepare(gate)
        try await instance?.function("wait")(stop: stop)
    }

    func call() async throws -> Int32? {
        try await instance?.function("f", returning: Int32.self)()
    }

    func runForever(onTick: @escaping @Sendable () -> Void) async throws {
        try await prepare(onTick: onTick)
        try await instance?.function("forever")()
    }
}

/// Runs several guests that compute, each in a store of its own.
private actor LoopOwner {
    private let engine: Engine

    init(_ engine: Engine) {
        self.engine = engine
    }

    func loop(stop: CallStop, onTick: @escaping @Sendable () -> Void) async throws {
        let store = AsyncStore(engine: engine, host: Recorder())
        store.setEpochYield(everyTicks: 10)
        let instance = try await AsyncCancellationTests.instance(store, onTick: onTick)
        try await instance.function("forever")(stop: stop)
    }
}

/// In which order guests had their turns.
private final class Turns: Sendable {
    private let numbers = Mutex<[Int]>([])

    var order: [Int] { numbers.withLock { $0 } }

    /// Notes a turn, and returns how many there were.
    func append(_ number: Int) -> Int {
        numbers.withLock { numbers in
            numbers.append(number)
            return numbers.count
        }
    }
}
