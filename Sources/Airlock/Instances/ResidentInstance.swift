public import Wasmtime

/// An instance that lives on one worker loop and takes events of the host one at a time, each under the limits of a call of its own:
/// the base of plugin ABIs whose guests keep state between callbacks, such as the filters of Proxy-Wasm.
///
/// It is made, used and freed on one worker loop; let an actor own it whose executor is that loop's. All methods are synchronous
/// and run to completion. After the first failure (``isDead``) it takes no more calls.
public final class ResidentInstance {
    /// The version that it runs.
    public let version: PluginVersion
    private let instance: LiveInstance
    /// What is left of the share of the worker loop that the next events are charged to; nil where it is not limited.
    package var loopBudget: LoopBudget?

    /// What all calls together used.
    public private(set) var totals = CallTotals()

    /// Makes an instance; the start section runs under the limits of a call. Initialisers that are exports are left to the caller.
    /// - Parameter attachment: the object that host functions find with ``HostCall/attachment(as:)``. It is kept alive by the instance.
    public convenience init(_ version: PluginVersion, attachment: AnyObject? = nil) throws(PluginError) {
        try self.init(version, attachment: attachment, loopBudget: nil)
    }

    /// - Parameter loopBudget: what the start and the events are charged to.
    package init(_ version: PluginVersion, attachment: AnyObject?, loopBudget: LoopBudget?) throws(PluginError) {
        self.version = version
        self.loopBudget = loopBudget
        do {
            instance = try LiveInstance(
                version, attachment: attachment, loopTime: loopBudget?.allowance() ?? .max, isCancellable: false)
        } catch {
            if let report = error.report { Self.charge(report, version.quota, loopBudget) }
            version.quota?.charge(fuel: error.uncountedFuel(of: version.limits.fuel))
            throw error
        }
        Self.charge(instance.report, version.quota, loopBudget)
    }

    private static func charge(_ report: CallReport, _ quota: Quota?, _ budget: LoopBudget?) {
        budget?.charge(nanoseconds: report.nanoseconds.loop)
        quota?.charge(fuel: report.fuelUsed)
    }

    /// What the events from now on may use: the version's limits unless others are set. Of these, fuel, deadline, host calls and output
    /// bytes take effect; memory and tables are those of the instance's begin.
    public var limits: PluginLimits {
        get { instance.limits }
        set { instance.limits = newValue }
    }

    /// The quota that the events from now on are charged to; the version's unless another is set.
    public var quota: Quota? {
        get { instance.state.quota }
        set { instance.state.quota = newValue }
    }

    /// Whether it ended in a failure.
    public var isDead: Bool { instance.isDead }

    /// Calls an exported function as one event, with fuel, deadline and accounts of its own.
    @discardableResult
    @inlinable
    public func call<Result: GuestResult, each Parameter: WasmValue>(
        _ function: GuestFunction<Result, repeat each Parameter>,
        _ argument: repeat each Parameter
    ) throws(PluginError) -> CallResult<Result> {
        var slots = CallSlots(repeat each argument)
        let report = try run(function.signature, &slots)
        return CallResult(value: Result(slots), report: report)
    }

    @usableFromInline
    func run(_ signature: GuestSignature, _ slots: inout CallSlots) throws(PluginError) -> CallReport {
        try instance.begin(loopTime: loopBudget?.allowance() ?? .max)
        do {
            try instance.run(signature, &slots)
        } catch {
            count(instance.report)
            quota?.charge(fuel: error.uncountedFuel(of: limits.fuel))
            throw error
        }
        let report = instance.report
        count(report)
        return report
    }

    private func count(_ report: CallReport) {
        totals.add(report)
        Self.charge(report, quota, loopBudget)
    }

    /// Bytes of the exported memory; 0 where there is none.
    public var memorySize: Int { instance.state.memory?.byteCount ?? 0 }

    /// A copy of bytes of the guest's memory.
    public func bytes(of bytes: GuestBytes) throws(PluginError) -> [UInt8] {
        try instance.read(bytes)
    }

    /// Writes bytes into the guest's memory.
    public func write(_ bytes: [UInt8], at offset: UInt32) throws(PluginError) {
        try instance.write(bytes, at: offset)
    }
}
