public import Wasmtime

/// The arguments of one call, and then its result, on their way between a typed call and the engine.
@frozen
public struct CallSlots: Sendable {
    /// The most parameters that a typed guest function can have.
    public static let capacity = 16

    @usableFromInline var values: InlineArray<16, RawValue>
    @usableFromInline var count: Int

    /// Takes the arguments. Those beyond ``capacity`` do not get this far: the lookup of such a function throws.
    @inlinable
    init<each Argument: WasmValue>(_ argument: repeat each Argument) {
        values = InlineArray(repeating: RawValue())
        count = 0
        for value in repeat each argument {
            guard count < Self.capacity else { return }
            values[count] = RawValue(value)
            count += 1
        }
    }

    /// The result, after the call.
    @inlinable
    func first<Value: WasmValue>() -> Value {
        values[0].as(Value.self)
    }
}

extension CallSlots {
    /// The result of a call of that function; nil where it has none.
    func result(_ signature: GuestSignature) -> RawValue? {
        signature.type.results.isEmpty ? nil : values[0]
    }

    /// Calls the function with the arguments in the slots, and leaves its results there.
    mutating func run(_ function: RawFunction) throws(WasmtimeError) {
        var slots = values.mutableSpan
        // Safe: the slots are lent for the call, and checked against the function's type by it.
        try unsafe slots.withUnsafeMutableBufferPointer { (raw) throws(WasmtimeError) in
            try unsafe function.call(raw)
        }
    }

    /// Likewise for a function of a suspendable instance.
    mutating func run(_ function: AsyncRawFunction, stop: CallStop) async throws(WasmtimeError) {
        keep(try await function.call(arguments, stop: stop))
    }

    /// Likewise for a function of a suspendable instance, from inside of a host function that it called.
    mutating func runInPlace(_ function: AsyncRawFunction) throws(WasmtimeError) {
        keep(try function.callInPlace(arguments))
    }

    private var arguments: [RawValue] { (0..<count).map { values[$0] } }

    private mutating func keep(_ results: [RawValue]) {
        if let first = results.first { values[0] = first }
    }
}
