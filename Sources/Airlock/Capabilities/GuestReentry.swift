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

    /// How many functions of the guest host functions may be calling back, one inside the other. Each takes stack of the host, and one of a
    /// suspendable plugin a stack of its own, which no limit of the plugin accounts for.
    static var deepestReentry: Int { 16 }

    /// Calls the guest from inside the host function that it called, for example its allocator. What it uses counts for the call in
    /// progress, and what stops it stops that call, with the same cause, also where the host function does not let the error pass.
    ///
    /// A suspendable guest gives way to no others meanwhile. Guest and host can call each other 16 levels deep; one more ends the call with
    /// ``PluginError/Code/abiViolation``.
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
        try state.beginReentry(atMost: Self.deepestReentry)
        defer { state.endReentry() }
        do {
            if let function = try state.functions?.function(signature) {
                try slots.run(function)
            } else if let function = try state.suspendableFunctions?.function(signature) {
                try slots.runInPlace(function)
            } else {
                throw HostError(.abiViolation, "the guest is called back before its instance is complete")
            }
        } catch let error as WasmtimeError {
            // The innermost failure is the cause of those around it.
            state.reentryFailure = state.reentryFailure ?? error
            try state.checkReentry()
        } catch let error as PluginError {
            throw HostError(.abiViolation, error.message)
        } catch let error as HostError {
            throw error
        } catch {
            throw HostError(.abiViolation, "\(error)")
        }
    }
}

extension InstanceState {
    /// Throws where the guest was stopped in a function that a host function called back.
    func checkReentry() throws(HostError) {
        guard reentryFailure != nil else { return }
        throw HostError(.failed, "the guest was stopped in a function that the host called back")
    }

    fileprivate func beginReentry(atMost most: Int) throws(HostError) {
        guard reentryDepth < most else {
            var error = HostError(
                .abiViolation, "the guest and the host called each other more than \(most) levels deep")
            error.limit = UInt64(most)
            error.used = UInt64(most) + 1
            throw error
        }
        reentryDepth += 1
    }

    fileprivate func endReentry() {
        reentryDepth -= 1
    }
}
