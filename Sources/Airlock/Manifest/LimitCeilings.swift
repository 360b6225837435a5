extension PluginLimits {
    /// Reads the ceilings of a policy. What it does not name keeps its default.
    init(policy fields: inout ManifestFields) throws(PluginError) {
        self.init()
        let named = try LimitWishes(&fields)
        fuel = named.fuel ?? fuel
        deadline = named.deadline ?? deadline
        hostCalls = named.hostCalls ?? hostCalls
        outputBytes = named.outputBytes ?? outputBytes
        memory = named.memory ?? memory
        tableElements = named.tableElements ?? tableElements
        concurrentCalls = named.concurrentCalls ?? concurrentCalls
        callsPerInstance = named.callsPerInstance ?? callsPerInstance
        loopShare = try LoopShare(policy: &fields)
        crashLoop = try fields.map("crashLoop", CrashLoopPolicy.init(policy:))
        module = try fields.map("module", ModuleBounds.init(policy:)) ?? module
    }
}

extension LoopShare {
    /// Reads `loopTime` and `loopBurst`, which is as long as `loopTime` where it is left out; nil without both.
    fileprivate init?(policy fields: inout ManifestFields) throws(PluginError) {
        let time = try fields.duration("loopTime", in: .microseconds(1)...Duration.seconds(1))
        let burst = try fields.duration("loopBurst", in: .microseconds(1)...Duration.seconds(3_600))
        guard let time else {
            guard burst == nil else {
                throw fields.missing("loopTime", expected: "the time of each second that comes back, up to loopBurst")
            }
            return nil
        }
        self.init(perSecond: time, burst: burst ?? time)
    }
}

extension CrashLoopPolicy {
    /// Reads the fields of the same names; those left out keep their defaults.
    fileprivate init(policy fields: inout ManifestFields) throws(PluginError) {
        self.init()
        let times = Duration.microseconds(1)...Duration.seconds(365 * 86_400)
        failures = try fields.integer("failures", in: 1...Int.max) ?? failures
        window = try fields.duration("window", in: times) ?? window
        firstPause = try fields.duration("firstPause", in: times) ?? firstPause
        longestPause = try fields.duration("longestPause", in: times) ?? longestPause
        quarantineAfter = try fields.integer("quarantineAfter", in: 1...Int.max) ?? quarantineAfter
        guard longestPause >= firstPause else {
            throw fields.wrong(
                "longestPause", expected: "at least firstPause, which is \(firstPause)")
        }
    }
}

extension ModuleBounds {
    fileprivate init(policy fields: inout ManifestFields) throws(PluginError) {
        self.init()
        for (name, bound) in Self.byteBounds {
            self[keyPath: bound] = try fields.byteCount(name) ?? self[keyPath: bound]
        }
        for (name, bound) in Self.countBounds {
            self[keyPath: bound] = try fields.integer(name, in: 0...Int.max) ?? self[keyPath: bound]
        }
    }

    private static var byteBounds: KeyValuePairs<String, WritableKeyPath<ModuleBounds, Int>> {
        [
            "moduleBytes": \.moduleBytes, "codeBytes": \.codeBytes, "functionBodyBytes": \.functionBodyBytes,
        ]
    }

    private static var countBounds: KeyValuePairs<String, WritableKeyPath<ModuleBounds, Int>> {
        [
            "types": \.types, "parametersOrResults": \.parametersOrResults, "imports": \.imports,
            "functions": \.functions,
            "tables": \.tables, "memories": \.memories, "initialMemoryPages": \.initialMemoryPages, "tags": \.tags,
            "globals": \.globals, "exports": \.exports, "elementSegments": \.elementSegments,
            "dataSegments": \.dataSegments, "initializers": \.initializers,
            "locals": \.locals, "nestingDepth": \.nestingDepth, "blocks": \.blocks, "branchTargets": \.branchTargets,
            "trackedValuesPerFunction": \.trackedValuesPerFunction, "trackedValues": \.trackedValues,
        ]
    }
}
