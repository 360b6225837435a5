public import Wasmtime

/// An instance of a suspendable plugin that is to serve, while its ``ReloadPolicy/SuspendableProbe`` looks at it.
///
/// Isolation: its worker loop, where the probe runs. It is of no use after the probe has ended.
public final class ProbedInstance {
    private let instance: SuspendableInstance
    private let stop: CallStop
    private let account: LoopAccount
    /// What ended the instance, whatever the probe makes of it.
    private(set) var failure: PluginError?

    init(_ instance: SuspendableInstance, stop: CallStop, _ account: LoopAccount) {
        self.instance = instance
        self.stop = stop
        self.account = account
    }

    /// Calls an exported function, with the fuel, the deadline and the other limits of one call.
    @discardableResult
    @inlinable
    public func call<Result: GuestResult, each Parameter: WasmValue>(
        _ function: GuestFunction<Result, repeat each Parameter>,
        _ argument: repeat each Parameter
    ) async throws(PluginError) -> CallResult<Result> {
        var slots = CallSlots(repeat each argument)
        let report = try await run(function.signature, &slots)
        return CallResult(value: Result(slots), report: report)
    }

    @usableFromInline
    func run(_ signature: GuestSignature, _ slots: inout CallSlots) async throws(PluginError) -> CallReport {
        do {
            try await instance.call(signature, &slots, stop: stop)
        } catch {
            account.countFailedStart(error, of: instance.version)
            if instance.isDead { failure = error }
            throw error
        }
        account.countStart(instance.report, of: instance.version)
        return instance.report
    }
}
