import Wasmtime

/// What limits cost: a guest under fuel, or under epochs, against the same guest in an engine that has neither.
extension Row {
    /// Programs that stress what fuel and epochs count: function entries, loop iterations, and neither.
    enum Program: String, CaseIterable {
        case calls
        case loops
        case memory

        /// Does as much for each round as takes about a tenth of a millisecond.
        var text: String {
            switch self {
            case .calls:
                """
                (module
                  (func $fib (export "run") (param i32) (result i32)
                    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0)) (else
                      (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                        (call $fib (i32.sub (local.get 0) (i32.const 2))))))))
                """
            // Sums that do not wait for each other: in a chain of dependent ones the checks would be done in the meantime and cost nothing.
            case .loops:
                """
                (module
                  (func (export "run") (param $n i32) (result i32)
                    (local $a i32) (local $b i32) (local $c i32) (local $d i32)
                    (local $e i32) (local $f i32) (local $g i32) (local $h i32)
                    (loop $again
                      (local.set $a (i32.add (local.get $a) (local.get $n)))
                      (local.set $b (i32.xor (local.get $b) (local.get $n)))
                      (local.set $c (i32.sub (local.get $c) (local.get $n)))
                      (local.set $d (i32.or (local.get $d) (local.get $n)))
                      (local.set $e (i32.add (local.get $e) (local.get $n)))
                      (local.set $f (i32.xor (local.get $f) (local.get $n)))
                      (local.set $g (i32.sub (local.get $g) (local.get $n)))
                      (local.set $h (i32.or (local.get $h) (local.get $n)))
                      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                    (i32.add
                      (i32.add (i32.add (local.get $a) (local.get $b)) (i32.add (local.get $c) (local.get $d)))
                      (i32.add (i32.add (local.get $e) (local.get $f)) (i32.add (local.get $g) (local.get $h))))))
                """
            // Addresses that are far from each other in 16 KiB, so that no access waits for a store before it or for a cache of the next
            // level.
            case .memory:
                """
                (module
                  (memory 4)
                  (func (export "run") (param $n i32) (result i32) (local $p i32)
                    (loop $again
                      (local.set $p (i32.and (i32.add (local.get $p) (i32.const 64)) (i32.const 0x3fc0)))
                      (i64.store (local.get $p) (i64.add (i64.load (local.get $p)) (i64.const 1)))
                      (i64.store offset=8 (local.get $p) (i64.add (i64.load offset=16 (local.get $p)) (i64.const 3)))
                      (i64.store offset=24 (local.get $p) (i64.add (i64.load offset=32 (local.get $p)) (i64.const 5)))
                      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                    (i32.load (local.get $p))))
                """
            }
        }

        var argument: Int32 {
            switch self {
            case .calls: 19
            case .loops: 100_000
            case .memory: 50_000
            }
        }
    }

    static func fuelCost(_ program: Program) async throws -> Row {
        try await limitCost("fuel-\(program)", program, EngineConfiguration(fuel: true), goal: 2.5)
    }

    static func epochCost(_ program: Program) async throws -> Row {
        try await limitCost("epochs-\(program)", program, EngineConfiguration(epochs: true), goal: 2.5)
    }

    private static func limitCost(
        _ name: String, _ program: Program, _ limited: EngineConfiguration, goal: Double
    ) async throws -> Row {
        let free = try LimitedGuest(program, EngineConfiguration())
        let bound = try LimitedGuest(program, limited)
        try BenchmarkError.require(try free.run() == (try bound.run()), "\(name): the guests disagree")
        return try await measure(name, goal: goal) {
            try nanoseconds(per: 1) { _ = try free.run() }
        } subject: {
            try nanoseconds(per: 1) { _ = try bound.run() }
        }
    }
}

private struct LimitedGuest {
    private let store: Store<NoState>
    private let function: TypedFunction<Int32, Int32>
    private let argument: Int32

    init(_ program: Row.Program, _ configuration: EngineConfiguration) throws {
        let engine = try Engine(configuration)
        let linked = try Linker<NoState>(engine: engine).prelink(Module(engine: engine, wat: program.text))
        store = Store(engine: engine, host: NoState())
        if configuration.fuel { try store.setFuel(UInt64(Int64.max)) }
        store.setEpochDeadline(ticks: UInt64(Int64.max))
        function = try store.instantiate(linked).function("run", taking: Int32.self, returning: Int32.self)
        argument = program.argument
    }

    func run() throws -> Int32 { try function(argument) }
}
