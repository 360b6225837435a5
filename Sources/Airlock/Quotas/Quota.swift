import Synchronization
import WorkerLoop

/// What a group of plugins may use together: those of a tenant or a customer, or all of a host.
///
///     let quota = try Quota("tenant-a", fuel: QuotaRate(2_000_000_000), memory: 256 << 20, concurrentCalls: 16, queuedCalls: 64)
///     let plugin = try await host.load(.file("plugin.wasm"), quota: quota)
///
/// What is over quota is refused with ``PluginError/Code/quotaExceeded``, or ``PluginError/Code/overloaded`` for calls at the same time;
/// the error has the quota's name and, where it is known when there will be enough, how long to wait. Fuel is charged when a call has
/// ended, since nobody knows before what it will use: a call may leave the group in debt by at most its own limit, and every later one is
/// refused until that is paid.
/// A quota can be used by any number of plugins on any number of hosts, from any thread.
public final class Quota: Sendable {
    /// The name that errors and metrics use.
    public let name: String
    /// Bytes of linear memory that the instances of the group may have together. An instance counts with the largest size that it can
    /// reach, from before it is made until it is freed; with its tables (eight bytes for each element that they may have), with the stack
    /// of a suspendable one, and, where the module can throw exceptions, with as much again as the memory limit for their objects.
    public let memory: Int?
    /// Calls of the group's plugins that may be in progress at the same time. Events of resident instances are not counted.
    public let concurrentCalls: Int?
    /// Calls that may wait for one of ``concurrentCalls`` to end, at most for the deadline of their plugin.
    public let queuedCalls: Int
    /// Fuel of all calls and events.
    public let fuel: QuotaRate?
    /// Calls of host functions.
    public let hostCalls: QuotaRate?
    /// Bytes sent to and received from other machines.
    public let egressBytes: QuotaRate?
    /// Bytes written to logs.
    public let logBytes: QuotaRate?

    private enum Resource: String, CaseIterable {
        case fuel, hostCalls, egressBytes, logBytes
    }

    private let rates: Mutex<[Resource: TokenBucket]>
    private let reserved = Mutex(0)
    let admission: CallAdmission

    /// Makes a quota; what is left out is not limited.
    /// - Parameters:
    ///   - fuel: fuel of all calls and events.
    ///   - memory: bytes of linear memory.
    ///   - concurrentCalls: calls in progress.
    ///   - queuedCalls: calls that wait for others to end.
    ///   - hostCalls: calls of host functions.
    ///   - egressBytes: bytes sent to and received from other machines.
    ///   - logBytes: bytes written to logs.
    /// - Throws: ``PluginError/Code/configuration`` where a number is out of its range.
    public init(
        _ name: String,
        fuel: QuotaRate? = nil,
        memory: Int? = nil,
        concurrentCalls: Int? = nil,
        queuedCalls: Int = 0,
        hostCalls: QuotaRate? = nil,
        egressBytes: QuotaRate? = nil,
        logBytes: QuotaRate? = nil
    ) throws(PluginError) {
        let limited: [Resource: QuotaRate?] = [
            .fuel: fuel, .hostCalls: hostCalls, .egressBytes: egressBytes, .logBytes: logBytes,
        ]
        for (resource, rate) in limited {
            guard let rate, rate.burst == 0 || rate.period <= .zero else { continue }
            throw PluginError(
                .configuration,
                message:
                    "the quota '\(name)' has \(resource) of \(rate.amount) per \(rate.period) with a burst of \(rate.burst), "
                    + "expected a burst of at least 1 and a period of more than zero"
            )
        }
        guard (memory ?? 0) >= 0, (concurrentCalls ?? 1) >= 1, queuedCalls >= 0 else {
            throw PluginError(
                .configuration,
                message: "the quota '\(name)' has a negative number, or concurrentCalls below 1"
            )
        }
        self.name = name
        self.memory = memory
        self.concurrentCalls = concurrentCalls
        self.queuedCalls = queuedCalls
        self.fuel = fuel
        self.hostCalls = hostCalls
        self.egressBytes = egressBytes
        self.logBytes = logBytes
        rates = Mutex(limited.compactMapValues { $0.map { TokenBucket($0) } })
        admission = CallAdmission(most: concurrentCalls, queue: queuedCalls)
    }

    /// What is in use at this moment.
    public var usage: QuotaUsage {
        let (running, waiting) = admission.counts
        let memory = reserved.withLock { $0 }
        let left = rates.withLock { rates in
            for resource in rates.keys { rates[resource]?.refill() }
            return rates.mapValues(\.remaining)
        }
        return QuotaUsage(
            memoryBytes: memory,
            concurrentCalls: running,
            queuedCalls: waiting,
            fuelLeft: left[.fuel],
            hostCallsLeft: left[.hostCalls],
            egressBytesLeft: left[.egressBytes],
            logBytesLeft: left[.logBytes]
        )
    }

    // MARK: Charging

    /// Throws where the fuel of the group is used up, so that no call may begin.
    package func checkFuel(plugin: String, version: Int) throws(PluginError) {
        let empty: TokenBucket? = rates.withLock { rates in rates[.fuel]?.hasSome() == false ? rates[.fuel] : nil }
        if let empty { throw refusal(.fuel, plugin: plugin, version: version, empty, amount: 1) }
    }

    /// Takes the fuel that a call used.
    func charge(fuel: UInt64) {
        rates.withLock { $0[.fuel]?.charge(Double(fuel)) }
    }

    func chargeHostCall() throws(HostError) {
        try take(1, of: .hostCalls)
    }

    /// Takes what was used outside of calls.
    package func charge(_ amount: Int, to resource: MeteredResource) throws(HostError) {
        switch resource {
        case .logBytes: try take(amount, of: .logBytes)
        case .egressBytes: try take(amount, of: .egressBytes)
        default: break
        }
    }

    private func take(_ amount: Int, of resource: Resource) throws(HostError) {
        let amount = max(0, amount)
        let empty: TokenBucket? = rates.withLock { rates in
            rates[resource]?.take(Double(amount)) == false ? rates[resource] : nil
        }
        // The call that it ends names the plugin.
        if let empty { throw HostError(quota: refusal(resource, plugin: "", version: 0, empty, amount: amount)) }
    }

    private func refusal(
        _ resource: Resource, plugin: String, version: Int, _ bucket: TokenBucket, amount: Int
    ) -> PluginError {
        var error = PluginError(
            .quotaExceeded,
            plugin: plugin,
            version: version,
            message:
                "the quota '\(name)' has no \(resource) left: \(bucket.rate.amount) come back in \(bucket.rate.period), "
                + "\(amount) wanted",
            limit: bucket.rate.burst,
            used: (bucket.rate.burst - min(bucket.rate.burst, bucket.remaining)).addingSaturated(UInt64(amount))
        )
        error.quota = name
        error.retryAfter = bucket.wait(for: Double(amount))
        return error
    }

    // MARK: Memory

    /// Reserves memory for an instance that is about to be made.
    func reserve(memory bytes: Int, plugin: String, version: Int) throws(PluginError) {
        guard let memory else { return }
        let inUse: Int? = reserved.withLock { reserved in
            guard bytes <= memory - reserved else { return reserved }
            reserved += bytes
            return nil
        }
        guard let inUse else { return }
        var error = PluginError(
            .quotaExceeded,
            plugin: plugin,
            version: version,
            message:
                "the quota '\(name)' has \(memory - inUse) bytes of memory left, \(bytes) are needed for another instance",
            limit: UInt64(memory),
            used: UInt64(inUse) + UInt64(bytes)
        )
        error.quota = name
        throw error
    }

    func release(memory bytes: Int) {
        guard memory != nil else { return }
        reserved.withLock { $0 -= bytes }
    }
}

/// What a group of plugins has in use, and what it has left; nil where there is no limit.
public struct QuotaUsage: Sendable, Hashable {
    /// Bytes of linear memory that are reserved for instances.
    public var memoryBytes: Int
    /// Calls in progress.
    public var concurrentCalls: Int
    /// Calls that wait.
    public var queuedCalls: Int
    /// Fuel that can be used at once.
    public var fuelLeft: UInt64?
    /// Host calls that can be made at once.
    public var hostCallsLeft: UInt64?
    /// Bytes that can be exchanged with other machines at once.
    public var egressBytesLeft: UInt64?
    /// Bytes that can be logged at once.
    public var logBytesLeft: UInt64?
}
