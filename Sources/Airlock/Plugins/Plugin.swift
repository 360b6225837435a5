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
    /// - Parameter key: decides whether the call goes to a version that is being tried.
    @discardableResult
    @inlinable
    public func call<Result: GuestResult, each Parameter: WasmValue>(
        _ function: GuestFunction<Result, repeat each Parameter>,
        routedBy key: RoutingKey,
        _ argument: repeat each Parameter
    ) async throws(PluginError) -> CallResult<Result> {
        var slots = CallSlots(repeat each argument)
        if let report = try runHere(function.signature, routedBy: key, &slots) {
            return CallResult(value: Result(slots), report: report)
        }
        let report = try await run(function.signature, routedBy: key, &slots)
        return CallResult(value: Result(slots), report: report)
    }

    /// The same for a call without a key.
    @discardableResult
    @inlinable
    @inline(__always)
    public func call<Result: GuestResult, each Parameter: WasmValue>(
        _ function: GuestFunction<Result, repeat each Parameter>,
        _ argument: repeat each Parameter
    ) async throws(PluginError) -> CallResult<Result> {
        if let result = try callHere(function, repeat each argument) { return result }
        var slots = CallSlots(repeat each argument)
        let report = try await run(function.signature, routedBy: nil, &slots)
        return CallResult(value: Result(slots), report: report)
    }

    // Not asynchronous, so that the arguments are on the stack.
    @inlinable
    func callHere<Result: GuestResult, each Parameter: WasmValue>(
        _ function: GuestFunction<Result, repeat each Parameter>,
        _ argument: repeat each Parameter
    ) throws(PluginError) -> CallResult<Result>? {
        var slots = CallSlots(repeat each argument)
        guard let report = try runHere(function.signature, routedBy: nil, &slots) else { return nil }
        return CallResult(value: Result(slots), report: report)
    }

    /// Runs the call at once where this is one of the plugin's loops, without a turn of the executor; nil elsewhere.
    @usableFromInline
    func runHere(
        _ signature: GuestSignature, routedBy key: RoutingKey?, _ slots: inout CallSlots
    ) throws(PluginError) -> CallReport? {
        guard let quota else { return try runOnThisLoop(signature, key, &slots) }
        guard quota.admission.tryEnter() else { return nil }
        defer { quota.admission.leave() }
        return try runOnThisLoop(signature, key, &slots)
    }

    @inline(__always)
    private func runOnThisLoop(
        _ signature: GuestSignature, _ key: RoutingKey?, _ slots: inout CallSlots
    ) throws(PluginError) -> CallReport? {
        for pool in pools {
            if let report = try pool.callHere(signature, routedBy: key, &slots) { return report }
        }
        return nil
    }

    @usableFromInline
    func run(
        _ signature: GuestSignature, routedBy key: RoutingKey?, _ slots: inout CallSlots
    ) async throws(PluginError) -> CallReport {
        try await lifecycle.enterQuota()
        defer { lifecycle.leaveQuota() }
        return try await pools[loops.nearest].call(signature, routedBy: key, &slots)
    }

    /// Lends an instance to `body`, which may call it several times and read and write its memory, all under the limits of one call.
    /// `body` runs on a worker loop.
    /// - Parameter key: decides whether the session is one of a version that is being tried.
    public func withSession<Value: Sendable>(
        routedBy key: RoutingKey? = nil,
        _ body: @Sendable (borrowing PluginSession) throws(PluginError) -> Value
    ) async throws(PluginError) -> CallResult<Value> {
        try await lifecycle.enterQuota()
        defer { lifecycle.leaveQuota() }
        return try await pools[loops.nearest].withSession(routedBy: key, body)
    }

    /// What all calls used until now.
    public func totals() async -> CallTotals { await lifecycle.totals() }

    /// The same, by version number, for the versions of late.
    public func totalsByVersion() async -> [Int: CallTotals] { await lifecycle.totalsByVersion() }

    /// Whether it failed in so many crash loops that it is not run until ``readmit()`` or until it is replaced.
    public var isQuarantined: Bool { lifecycle.specification.crashGuard?.isQuarantined ?? false }

    /// Ends a pause or a quarantine after crash loops.
    public func readmit() { lifecycle.readmit() }

    /// Its versions: reloading, trying, promoting, rolling back.
    public var releases: PluginReleases { PluginReleases(lifecycle) }

    /// Loads a new version beside the running one and lets it take over; see ``PluginReleases/reload(from:strategy:)``.
    @discardableResult
    public func reload(from source: PluginSource? = nil) async throws(PluginError) -> PluginVersion {
        try await lifecycle.reload(from: source)
    }

    /// Reloads whenever the file that the plugin came from changes; see ``PluginReleases/watch()``.
    public func watch() async throws(PluginError) {
        try await lifecycle.follow()
    }

    /// Ends the plugin: calls in flight finish, later ones throw ``PluginError/Code/stopped``, and its instances are freed.
    public func unload() async {
        await lifecycle.unload()
    }
}
