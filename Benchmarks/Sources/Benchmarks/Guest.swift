import CFloor
import Wasmtime

/// The guest that C and Swift call alike, with the same engine settings: fuel and epochs on.
enum Guest {
    static let text = """
        (module
          (import "host" "add" (func $host_add (param i32 i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "add") (param i32 i32) (result i32)
            (i32.add (local.get 0) (local.get 1)))
          (func (export "calls") (param $n i32) (result i32) (local $sum i32)
            (loop $again
              (local.set $sum (call $host_add (local.get $sum) (local.get $n)))
              (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum)))
        """

    /// The same without an import.
    static let addText = """
        (module
          (memory (export "memory") 1)
          (func (export "add") (param i32 i32) (result i32)
            (i32.add (local.get 0) (local.get 1))))
        """

    static func configuration(pooled: Bool) -> EngineConfiguration {
        EngineConfiguration(
            fuel: true,
            epochs: true,
            allocation: pooled ? .pooling(PoolingLimits()) : .onDemand,
            memoryReservation: pooled ? 64 << 20 : nil
        )
    }
}

/// The host object of stores that need none.
final class NoState: Sendable {}

/// The guest in the C floor, which frees it.
@safe  // The pointer is its own, from `init` to `deinit`.
struct CGuest: ~Copyable {
    private let guest: OpaquePointer

    init(pooled: Bool) throws {
        guard let guest = unsafe floor_guest_new(Guest.text, pooled) else {
            throw BenchmarkError("the C floor could not make its guest")
        }
        unsafe self.guest = guest
    }

    deinit { unsafe floor_guest_delete(guest) }

    borrowing func add(times count: Int) -> Int32 {
        unsafe floor_guest_call_pairs(guest, "add", count)
    }

    borrowing func calls(_ count: Int32) -> Int32 {
        unsafe floor_guest_call(guest, "calls", count)
    }

    borrowing func instantiate(times count: Int) -> Int {
        unsafe floor_guest_instantiate(guest, count)
    }
}

/// The guest in Swift: an instance in a store with fuel for as long as it takes.
struct SwiftGuest {
    let linked: PrelinkedModule<NoState>
    let store: Store<NoState>
    let instance: Instance

    init(pooled: Bool) throws {
        let engine = try Engine(Guest.configuration(pooled: pooled))
        let linker = Linker<NoState>(engine: engine)
        try linker.define("host", "add") { (_, first: Int32, second: Int32) -> Int32 in first &+ second }
        linked = try linker.prelink(Module(engine: engine, wat: Guest.text))
        store = Store(engine: engine, host: NoState())
        try store.setFuel(UInt64(Int64.max))
        store.setEpochDeadline(ticks: UInt64(Int64.max))
        instance = try store.instantiate(linked)
    }
}
