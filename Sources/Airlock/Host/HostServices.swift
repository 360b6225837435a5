import Wasmtime
import WorkerLoop

/// What all plugins of one host share.
struct HostServices: Sendable {
    let engine: Engine
    let ticker: EpochTicker
    let compiler: ModuleCompiler
    let followers: FolderFollowers
    let workers: WorkerLoopGroup
    let events: EventHub
    let census: InstanceCensus
    let knownCapabilities: [any Capability.Type]

    /// Links a module with what the plugin was granted, after naming every import that nothing grants.
    func link(
        _ compiled: CompiledModule,
        _ specification: PluginSpecification
    ) throws(PluginError) -> PluginVersion.Linked {
        try checkImports(of: compiled.module, specification)
        do {
            switch specification.mode {
            case .runToCompletion:
                let linker = Linker<InstanceState>(engine: engine)
                try specification.forEachGrant { (capability, first) throws(WasmtimeError) in
                    try capability.link(into: linker, first: first)
                }
                return .runToCompletion(try linker.prelink(compiled.module))
            case .suspendable:
                let linker = AsyncLinker<InstanceState>(engine: engine)
                try specification.forEachGrant { (capability, first) throws(WasmtimeError) in
                    try capability.link(into: linker, first: first)
                }
                return .suspendable(try linker.prelink(compiled.module))
            }
        } catch {
            throw PluginError(
                .signatureMismatch, plugin: specification.name,
                message: LogText.make(Array(error.message.utf8), atMost: 4_000).text)
        }
    }

    private func checkImports(of module: Module, _ specification: PluginSpecification) throws(PluginError) {
        var granted: [ImportName: Bool] = [:]
        for capability in specification.grants {
            for (name, waits) in type(of: capability).offers { granted[name] = waits }
        }
        var complaints: [String] = []
        for wanted in module.imports {
            let name = ImportName(module: wanted.module, name: wanted.name)
            let spoken = LogText.make(Array(name.description.utf8), atMost: 100).text
            switch granted[name] {
            case nil:
                let owner = knownCapabilities.first { $0.offers.contains { $0.name == name } }
                complaints.append(
                    "\(spoken) needs \(owner.map { "the capability '\($0.id)'" } ?? "a capability that this host does not know")"
                )
            case true? where specification.mode == .runToCompletion:
                complaints.append("\(spoken) waits, which only a suspendable plugin can do")
            default:
                break
            }
        }
        guard complaints.isEmpty else {
            let (most, all) = (50, complaints.count)
            if all > most { complaints = complaints.prefix(most) + ["and \(all - most) more"] }
            throw PluginError(
                .missingCapability,
                plugin: specification.name,
                message: "the module imports what it was not granted: \(complaints.joined(separator: "; "))"
            )
        }
    }
}

/// What stays the same for all versions of a plugin.
struct PluginSpecification: Sendable {
    enum Mode: Sendable {
        case runToCompletion
        case suspendable
    }

    let name: String
    let grants: [any Capability]
    let limits: PluginLimits
    let mode: Mode
    let quota: Quota?
    let reload: ReloadPolicy
    /// What each version has to pass before it is compiled, if there is a policy.
    var review: PolicyReview?
    /// What watches it for crash loops, if anything does.
    let crashGuard: CrashGuard?
    /// The host functions of all grants, in order.
    let hostFunctions: HostCallCounts.Names

    init(
        name: String, grants: [any Capability], limits: PluginLimits, mode: Mode, quota: Quota?, reload: ReloadPolicy
    ) {
        self.name = name
        self.grants = grants
        self.limits = limits
        self.mode = mode
        self.quota = quota
        self.reload = reload
        crashGuard = limits.crashLoop.map { CrashGuard($0) }
        hostFunctions = HostCallCounts.Names(Self.hostFunctions(of: grants))
    }

    /// The same plugin with what a version of it was given by a policy.
    init(_ plugin: PluginSpecification, grants: [any Capability], limits: PluginLimits) {
        name = plugin.name
        self.grants = grants
        self.limits = limits
        mode = plugin.mode
        quota = plugin.quota
        reload = plugin.reload
        review = plugin.review
        crashGuard = plugin.crashGuard
        hostFunctions = HostCallCounts.Names(Self.hostFunctions(of: grants))
    }

    /// Throws where a number is out of its range, or something does not go with how the plugin runs.
    func check() throws(PluginError) {
        try limits.check(plugin: name)
        try reload.check(plugin: name)
        guard reload.probe == nil || mode == .runToCompletion else {
            throw PluginError(
                .configuration, plugin: name,
                message: "the reload policy has a probe, which needs a plugin that runs to completion")
        }
        guard reload.suspendableProbe == nil || mode == .suspendable else {
            throw PluginError(
                .configuration, plugin: name,
                message: "the reload policy has a suspendable probe, which needs a suspendable plugin")
        }
    }

    private static func hostFunctions(of grants: [any Capability]) -> [String] {
        grants.flatMap { type(of: $0).offers.map(\.name.description) }
    }

    /// Runs `body` for each grant, with the index of its first function in ``hostFunctions``.
    func forEachGrant(_ body: (any Capability, Int) throws(WasmtimeError) -> Void) throws(WasmtimeError) {
        var first = 0
        for grant in grants {
            try body(grant, first)
            first += type(of: grant).offers.count
        }
    }
}
