public import Wasmtime

extension HostCall {
    /// An exported function of the guest, or nil where it exports none of that name.
    public func function<Result: GuestResult, each Parameter: WasmValue>(
        _ name: String,
        taking parameter: repeat (each Parameter).Type,
        returning result: Result.Type = NoResult.self
    ) throws(HostError) -> GuestFunction<Result, repeat each Parameter>? {
        do {
            return try state.version.function(name, taking: repeat each parameter, returning: result)
        } catch {
            throw HostError(.abiViolation, error.message)
        }
    }

    /// Calls the guest from inside the host function that it called, for example its allocator. What it uses counts for the call in
    /// progress, and what stops it stops that call, with the same cause: let the error pass.
    @inlinable
    public func call<Result: GuestResult, each Parameter: WasmValue>(
        _ function: GuestFunction<Result, repeat each Parameter>,
        _ argument: repeat each Parameter
    ) throws(HostError) -> Result {
        var slots = CallSlots(repeat each argument)
        try run(function.signature, &slots)
        return Result(slots)
    }

    @usableFromInline
    func run(_ signature: GuestSignature, _ slots: inout CallSlots) throws(HostError) {
        do {
            if let function = try state.functions?.function(signature) {
                try slots.run(function)
            } else if let function = try state.suspendableFunctions?.function(signature) {
                try slots.runInPlace(function)
            } else {
                throw HostError(.abiViolation, "the guest is called back before its instance is complete")
            }
        } catch let error as WasmtimeError {
            state.reentryFailure = error
            throw HostError(.failed, "the guest was stopped in a function that the host called back: \(error.message)")
        } catch let error as PluginError {
            throw HostError(.abiViolation, error.message)
        } catch {
            throw HostError(.abiViolation, "\(error)")
        }
    }
}
