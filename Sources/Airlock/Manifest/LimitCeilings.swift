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
        module = try fields.map("module", ModuleBounds.init(policy:)) ?? module
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
            "dataSegments": \.dataSegments,
            "locals": \.locals, "nestingDepth": \.nestingDepth, "blocks": \.blocks, "branchTargets": \.branchTargets,
            "trackedValuesPerFunction": \.trackedValuesPerFunction, "trackedValues": \.trackedValues,
        ]
    }
}
