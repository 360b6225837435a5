public import Wasmtime

/// The arguments of one call, and then its result, on their way between a typed call and the engine.
@frozen
public struct CallSlots: Sendable {
    /// The most parameters that a typed guest function can have.
    public static let capacity = 16

    @usableFromInline var values: InlineArray<16, UInt64>
    @usableFromInline var count: Int

    @inlinable
    init() {
        values = InlineArray(repeating: 0)
        count = 0
    }

    /// Adds an argument. Calls with more than ``capacity`` do not get this far: the lookup of such a function throws.
    @inlinable
    mutating func append<Value: WasmValue>(_ value: Value) {
        guard count < Self.capacity else { return }
        values[count] = value.rawBits
        count += 1
    }

    @inlinable
    func first<Value: WasmValue>() -> Value {
        Value(rawBits: values[0])
    }

    /// Lends the arguments to `body` as the engine wants them, with room for the results, and keeps the first result.
    mutating func withRawValues(
        results: Int,
        _ body: (UnsafeMutableBufferPointer<RawValue>) throws(WasmtimeError) -> Void
    ) throws(WasmtimeError) {
        let size = max(count, results)
        let outcome: Result<Void, WasmtimeError> = unsafe withUnsafeTemporaryAllocation(
            of: RawValue.self,
            capacity: max(size, 1)
        ) { raw in
            for index in 0..<count {
                unsafe raw.initializeElement(at: index, to: RawValue(low: values[index]))
            }
            for index in count..<max(size, count) {
                unsafe raw.initializeElement(at: index, to: RawValue())
            }
            do throws(WasmtimeError) {
                try unsafe body(UnsafeMutableBufferPointer(rebasing: raw[..<size]))
            } catch {
                return .failure(error)
            }
            if results > 0 {
                values[0] = unsafe raw[0].low
            }
            return .success(())
        }
        try outcome.get()
    }
}

extension CallSlots {
    /// Calls the function with the arguments in the slots, and leaves its first result there.
    mutating func run(_ function: RawFunction) throws(WasmtimeError) {
        try unsafe withRawValues(results: function.type.results.count) { (raw) throws(WasmtimeError) in
            try unsafe function.call(raw)
        }
    }

    /// Likewise for a function of a suspendable instance.
    mutating func run(_ function: AsyncRawFunction, stop: CallStop) async throws(WasmtimeError) {
        keep(try await function.call(rawValues, stop: stop))
    }

    /// Likewise for a function of a suspendable instance, from inside of a host function that it called.
    mutating func runInPlace(_ function: AsyncRawFunction) throws(WasmtimeError) {
        keep(try function.callInPlace(rawValues))
    }

    private var rawValues: [RawValue] { (0..<count).map { RawValue(low: values[$0]) } }

    private mutating func keep(_ results: [RawValue]) {
        if let first = results.first { values[0] = first.low }
    }
}
