/// The limits that a manifest asks for. What is nil is left to the host.
public struct LimitWishes: Sendable, Hashable {
    /// See ``PluginLimits/fuel``.
    public var fuel: UInt64?
    /// See ``PluginLimits/deadline``.
    public var deadline: Duration?
    /// See ``PluginLimits/hostCalls``.
    public var hostCalls: Int?
    /// See ``PluginLimits/outputBytes``.
    public var outputBytes: Int?
    /// See ``PluginLimits/memory``.
    public var memory: Int?
    /// See ``PluginLimits/tableElements``.
    public var tableElements: Int?
    /// See ``PluginLimits/concurrentCalls``.
    public var concurrentCalls: Int?
    /// See ``PluginLimits/callsPerInstance``.
    public var callsPerInstance: Int?

    /// No wishes.
    public init() {}
}

extension LimitWishes {
    /// Reads the fields that ``PluginLimits`` has, each in the range that it allows.
    init(_ fields: inout ManifestFields) throws(PluginError) {
        fuel = try fields.integer("fuel", in: 1...Int.max).map(UInt64.init)
        deadline = try fields.duration("deadline", in: .microseconds(1)...ManifestUnits.longest)
        hostCalls = try fields.integer("hostCalls", in: 0...Int.max)
        outputBytes = try fields.byteCount("outputBytes")
        memory = try fields.byteCount("memory", in: 0...4 << 30)
        tableElements = try fields.integer("tableElements", in: 0...10_000_000)
        concurrentCalls = try fields.integer("concurrentCalls", in: 1...Int.max)
        callsPerInstance = try fields.integer("callsPerInstance", in: 1...Int.max)
    }

    /// Asks for exactly these limits.
    public init(_ limits: PluginLimits) {
        fuel = limits.fuel
        deadline = limits.deadline
        hostCalls = limits.hostCalls
        outputBytes = limits.outputBytes
        memory = limits.memory
        tableElements = limits.tableElements
        concurrentCalls = limits.concurrentCalls
        callsPerInstance = limits.callsPerInstance
    }

    /// Each limit that is asked for, by its name in manifests.
    public var inWords: [String: String] {
        let values: [String: (any CustomStringConvertible)?] = [
            "fuel": fuel, "deadline": deadline, "hostCalls": hostCalls, "outputBytes": outputBytes, "memory": memory,
            "tableElements": tableElements, "concurrentCalls": concurrentCalls, "callsPerInstance": callsPerInstance,
        ]
        return values.compactMapValues { $0?.description }
    }

    /// A wish that its ceiling cuts.
    struct Growth {
        var name: String
        var wish: String
        var limit: String
    }

    /// The smaller of each wish and its ceiling.
    func limited(to ceilings: PluginLimits) -> (limits: PluginLimits, growths: [Growth]) {
        var limits = ceilings
        var growths: [Growth] = []
        func lower<Value: Comparable>(_ name: String, _ wish: Value?, _ limit: inout Value) {
            guard let wish else { return }
            if wish > limit { growths.append(Growth(name: name, wish: "\(wish)", limit: "\(limit)")) }
            limit = min(wish, limit)
        }
        lower("fuel", fuel, &limits.fuel)
        lower("deadline", deadline, &limits.deadline)
        lower("hostCalls", hostCalls, &limits.hostCalls)
        lower("outputBytes", outputBytes, &limits.outputBytes)
        lower("memory", memory, &limits.memory)
        lower("tableElements", tableElements, &limits.tableElements)
        lower("concurrentCalls", concurrentCalls, &limits.concurrentCalls)
        lower("callsPerInstance", callsPerInstance, &limits.callsPerInstance)
        return (limits, growths)
    }
}
