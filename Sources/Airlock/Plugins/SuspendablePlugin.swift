public import Wasmtime
import WorkerLoop

/// A loaded plugin whose calls may be suspended: its host functions may wait, many of its calls are in flight on one worker loop, and a
/// guest that computes for long gives way to others with each tick of the epoch.
///
/// A call costs more than one of a ``Plugin``, which runs to completion. Cancelling the task that awaits a call cancels that call.
public final class SuspendablePlugin: Sendable {
    private let lifecycle: PluginLifecycle
    private let pools: [SuspendableInstancePool]
    private let loops: [WorkerLoop]

    init(_ lifecycle: PluginLifecycle, pools: [SuspendableInstancePool], loops: [WorkerLoop]) {
        self.lifecycle = lifecycle
        self.pools = pools
        self.loops = loops
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

    /// Calls an exported function, with fuel, deadline and accounts of its own.
    /// - Throws: ``PluginError/Code/cancelled`` where the task was cancelled, ``PluginError/Code/overloaded`` where
    ///   ``PluginLimits/concurrentCalls`` are in flight on the worker loop, otherwise what stopped the guest.
    /// - Parameter key: decides whether the call goes to a version that is being tried.
    @discardableResult
    @inlinable
    public func call<Result: GuestResult, each Parameter: WasmValue>(
        _ function: GuestFunction<Result, repeat each Parameter>,
        routedBy key: RoutingKey,
        _ argument: repeat each Parameter
    ) async throws(PluginError) -> CallResult<Result> {
        var slots = CallSlots(repeat each argument)
        let report = try await run(function.signature, routedBy: key, &slots)
        return CallResult(value: Result(slots), report: report)
    }

    /// The same for a call without a key.
    @discardableResult
    @inlinable
    public func call<Result: GuestResult, each Parameter: WasmValue>(
        _ function: GuestFunction<Result, repeat each Parameter>,
        _ argument: repeat each Parameter
    ) async throws(PluginError) -> CallResult<Result> {
        var slots = CallSlots(repeat each argument)
        let report = try await run(function.signature, routedBy: nil, &slots)
        return CallResult(value: Result(slots), report: report)
    }

    @usableFromInline
    func run(
        _ signature: GuestSignature, routedBy key: RoutingKey?, _ slots: inout CallSlots
    ) async throws(PluginError) -> CallReport {
        try await lifecycle.enterQuota()
        defer { lifecycle.leaveQuota() }
        return try await pools[loops.nearest].call(signature, routedBy: key, &slots)
    }

    /// Runs the plugin as a command: calls `_start` on an instance of its own, which is thrown away afterwards.
    ///
    /// A command is a WASI program with a `main`. It may return, which is the exit code 0, or exit with a code; neither counts as a
    /// failure of the plugin. Commands that run at the same time are calls in flight like others.
    /// - Parameter key: decides whether the command is one of a version that is being tried.
    /// - Returns: the exit code, and what the command used.
    /// - Throws: ``PluginError/Code/missingExport`` where the module is no command, otherwise what stopped it before it exited.
    public func runCommand(routedBy key: RoutingKey? = nil) async throws(PluginError) -> CallResult<UInt32> {
        let start = try signature("_start", FunctionType(parameters: [], results: []))
        try await lifecycle.enterQuota()
        defer { lifecycle.leaveQuota() }
        return try await pools[loops.nearest].runCommand(start, routedBy: key)
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

    /// Ends the plugin: calls in flight are stopped with ``PluginError/Code/stopped``, as later ones are, and its instances are freed.
    public func unload() async {
        await lifecycle.unload()
    }
}
