public import Wasmtime
import WorkerLoop

/// A loaded plugin whose calls run to completion: its host functions never wait, and a call holds its worker loop until it ends or a
/// limit stops it.
///
/// It can be used from anywhere. A call made on one of the host's worker loops runs there, others go to the loop with the least to do.
public final class Plugin: Sendable {
    private let lifecycle: PluginLifecycle
    private let pools: [InstancePool]
    private let loops: [WorkerLoop]
    private let quota: Quota?

    init(_ lifecycle: PluginLifecycle, pools: [InstancePool], loops: [WorkerLoop]) {
        self.lifecycle = lifecycle
        self.pools = pools
        self.loops = loops
        quota = lifecycle.specification.quota
    }

    /// The plugin's name.
    public var name: String { lifecycle.specification.name }

    /// The limits that every call runs under.
    public var limits: PluginLimits { lifecycle.specification.limits }

    /// The version that new calls run on; nil after ``unload()``.
    public var currentVersion: PluginVersion? { lifecycle.current }

    /// Looks up an exported function. Versions that do not export it with this type are refused from now on.
    /// - Throws: ``PluginError/Code/missingExport``, or ``PluginError/Code/signatureMismatch`` with both types in the message.
    @inlinable
    public func function<Result: GuestResult, each Parameter: WasmValue>(
        _ name: String,
        taking parameter: repeat (each Parameter).Type,
        returning result: Result.Type = NoResult.self
    ) throws(PluginError) -> GuestFunction<Result, repeat each Parameter> {
        try GuestFunction(signature(name, .of(repeat each parameter, returning: result)))
    }

    @usableFromInline
    func signature(_ name: String, _ type: FunctionType) throws(PluginError) -> GuestSignature {
        try lifecycle.requiredSignature(name, type)
    }

    /// Calls an exported function, with fuel, deadline and accounts of its own. Cancelling the task that awaits it ends the call, with the
    /// granularity of ``PluginHostConfiguration/epochTick``.
    /// - Throws: ``PluginError/Code/quotaExceeded`` or ``PluginError/Code/overloaded`` where a quota is used up,
    ///   ``PluginError/Code/quarantined`` after a crash loop, otherwise what stopped the guest.
    @discardableResult
    @inlinable
    @inline(__always)
    public func call<Result: GuestResult, each Parameter: WasmValue>(
        _ function: GuestFunction<Result, repeat each Parameter>,
        _ argument: repeat each Parameter
    ) async throws(PluginError) -> CallResult<Result> {
        if let result = try callHere(function, repeat each argument) { return result }
        var slots = CallSlots(repeat each argument)
        let report = try await run(function.signature, &slots)
        return CallResult(value: Result(slots), report: report)
    }

    // Not asynchronous, so that the arguments are on the stack.
    @inlinable
    func callHere<Result: GuestResult, each Parameter: WasmValue>(
        _ function: GuestFunction<Result, repeat each Parameter>,
        _ argument: repeat each Parameter
    ) throws(PluginError) -> CallResult<Result>? {
        var slots = CallSlots(repeat each argument)
        guard let report = try runHere(function.signature, &slots) else { return nil }
        return CallResult(value: Result(slots), report: report)
    }

    /// Runs the call at once where this is one of the plugin's loops, without a turn of the executor; nil elsewhere.
    @usableFromInline
    func runHere(_ signature: GuestSignature, _ slots: inout CallSlots) throws(PluginError) -> CallReport? {
        guard let quota else { return try runOnThisLoop(signature, &slots) }
        guard quota.admission.tryEnter() else { return nil }
        defer { quota.admission.leave() }
        return try runOnThisLoop(signature, &slots)
    }

    @inline(__always)
    private func runOnThisLoop(_ signature: GuestSignature, _ slots: inout CallSlots) throws(PluginError) -> CallReport?
    {
        for pool in pools {
            if let report = try pool.callHere(signature, &slots) { return report }
        }
        return nil
    }

    @usableFromInline
    func run(_ signature: GuestSignature, _ slots: inout CallSlots) async throws(PluginError) -> CallReport {
        try await lifecycle.enterQuota()
        defer { lifecycle.leaveQuota() }
        return try await pools[loops.nearest].call(signature, &slots)
    }

    /// Lends an instance to `body`, which may call it several times and read and write its memory, all under the limits of one call.
    /// `body` runs on a worker loop.
    public func withSession<Value: Sendable>(
        _ body: @Sendable (borrowing PluginSession) throws(PluginError) -> Value
    ) async throws(PluginError) -> CallResult<Value> {
        try await lifecycle.enterQuota()
        defer { lifecycle.leaveQuota() }
        return try await pools[loops.nearest].withSession(body)
    }

    /// What all calls used until now.
    public func totals() async -> CallTotals { await lifecycle.totals() }

    /// The same, by version number, for the versions of late.
    public func totalsByVersion() async -> [Int: CallTotals] { await lifecycle.totalsByVersion() }

    /// Whether it failed in so many crash loops that it is not run until ``readmit()`` or until it is replaced.
    public var isQuarantined: Bool { lifecycle.specification.crashGuard?.isQuarantined ?? false }

    /// Ends a pause or a quarantine after crash loops.
    public func readmit() { lifecycle.readmit() }

    /// Loads a new version beside the running one and lets it take over: new calls go to it, calls in flight end on the version they began
    /// on.
    ///
    /// - Parameters:
    ///   - source: where the new module comes from; the place of the last one if left out.
    ///   - start: what the new version must pass before it takes over, in place of the instance that is otherwise started on each loop.
    /// - Throws: why it was refused; then the running version goes on as if nothing had been.
    @discardableResult
    public func reload(
        from source: PluginSource? = nil,
        start: (@Sendable (PluginVersion) async throws(PluginError) -> Void)? = nil
    ) async throws(PluginError) -> PluginVersion {
        try await lifecycle.reload(from: source, start: start)
    }

    /// Reloads whenever the file that the plugin came from is written, replaced or created anew, until it is unloaded. A refusal is a
    /// ``PluginEvent`` and leaves the running version in place.
    ///
    /// Under a policy the files that its manifest is in, or would be in, are watched as well: a changed manifest is a changed plugin. There
    /// a file that was written with the same content changes nothing.
    public func watch(
        start: (@Sendable (PluginVersion) async throws(PluginError) -> Void)? = nil
    ) async throws(PluginError) {
        try await lifecycle.follow(start: start)
    }

    /// Ends the plugin: calls in flight finish, later ones throw ``PluginError/Code/stopped``, and its instances are freed.
    public func unload() async {
        await lifecycle.unload()
    }
}
