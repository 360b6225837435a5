import Wasmtime

/// The host object of most tests: it keeps what guests hand over.
final class Recorder {
    var values: [Int64] = []
    /// Functions of the guest, for host functions that call back.
    var functions: Functions?
    /// The same for asynchronous stores.
    var allocate: AsyncFunction<Int32, Int32>?
}

/// An error that a host function throws, told apart by its number.
struct HostFailure: Error, Equatable {
    let number: Int
}

/// Makes an instance of a module in WebAssembly text, in a store of its own.
func makeGuest(
    _ text: String, engine: Engine, limits: StoreLimits? = nil,
    defining define: (Linker<Recorder>) throws -> Void = { _ in }
) throws -> (store: Store<Recorder>, instance: Instance) {
    let linker = Linker<Recorder>(engine: engine)
    try define(linker)
    let store = Store(engine: engine, host: Recorder())
    if let limits {
        store.setLimits(limits)
    }
    return (store, try store.instantiate(linker.prelink(Module(engine: engine, wat: text))))
}

/// The error that a closure throws, or `nil` when it throws none.
func failure(_ body: () throws(WasmtimeError) -> Void) -> WasmtimeError? {
    do throws(WasmtimeError) {
        try body()
        return nil
    } catch {
        return error
    }
}
