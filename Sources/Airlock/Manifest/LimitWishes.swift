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

    /// The smaller of each wish and its ceiling, with a line for every wish that its ceiling cuts.
    func limited(to ceilings: PluginLimits) -> (limits: PluginLimits, cuts: [String]) {
        var limits = ceilings
        var cuts: [String] = []
        func lower<Value: Comparable>(_ name: String, _ wish: Value?, _ limit: inout Value) {
            guard let wish else { return }
            if wish > limit { cuts.append("the limit \(name) is \(limit), not \(wish) as the manifest asks") }
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
        return (limits, cuts)
    }
}
