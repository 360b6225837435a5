import Synchronization

/// Something that capabilities use up on behalf of a plugin. It is counted in the ``CallReport`` and against the plugin's ``Quota``.
public struct MeteredResource: Sendable, Hashable, CustomStringConvertible {
    public let description: String

    /// Bytes written to a log.
    public static let logBytes = MeteredResource(description: "logBytes")
    /// Bytes sent to and received from other machines.
    public static let egressBytes = MeteredResource(description: "egressBytes")
}

/// What capabilities used during the call in progress of one instance. Asynchronous host functions count from any thread.
final class CallMeter: Sendable {
    private let log = Atomic<Int>(0)
    private let egress = Atomic<Int>(0)
    private let quota: Mutex<Quota?>

    init(quota: Quota?) {
        self.quota = Mutex(quota)
    }

    func setQuota(_ new: Quota?) {
        quota.withLock { $0 = new }
    }

    func reset() {
        log.store(0, ordering: .relaxed)
        egress.store(0, ordering: .relaxed)
    }

    var logBytes: Int { log.load(ordering: .relaxed) }
    var egressBytes: Int { egress.load(ordering: .relaxed) }

    func used(of resource: MeteredResource) -> Int {
        switch resource {
        case .logBytes: logBytes
        case .egressBytes: egressBytes
        default: 0
        }
    }

    func charge(_ amount: Int, to resource: MeteredResource) throws(HostError) {
        let amount = max(0, amount)
        if let quota = quota.withLock({ $0 }) { try quota.charge(amount, to: resource) }
        switch resource {
        case .logBytes: log.wrappingAdd(amount, ordering: .relaxed)
        case .egressBytes: egress.wrappingAdd(amount, ordering: .relaxed)
        default: break
        }
    }
}

extension HostCall {
    /// Counts what a capability uses up for the guest: in the call's report, and against the plugin's quota.
    /// - Throws: where the quota has not that much left; let the error pass, so that the call ends with
    ///   ``PluginError/Code/quotaExceeded``.
    public func charge(_ amount: Int, to resource: MeteredResource) throws(HostError) {
        try state.meter.charge(amount, to: resource)
    }

    /// What capabilities have counted since the guest's call began.
    public func used(of resource: MeteredResource) -> Int {
        state.meter.used(of: resource)
    }
}

extension AsyncHostCall {
    /// Counts what a capability uses up for the guest; see ``HostCall/charge(_:to:)``. It can be called from anywhere.
    public func charge(_ amount: Int, to resource: MeteredResource) throws(HostError) {
        try meter.charge(amount, to: resource)
    }
}
