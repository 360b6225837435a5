public import Airlock
public import Logging
public import Metrics
import Synchronization
import WorkerLoop

/// Runs Proxy-Wasm filters on the worker loops of a ``PluginHost``.
///
///     let runtime = ProxyWasmRuntime(host: host, logger: logger)
///     let auth = try await runtime.load(FilterConfiguration(name: "auth", source: .file("auth.wasm")))
///     let chain = HTTPFilterChain([auth], runtime: runtime)
///     let stream = await chain.openStream(attributes)
///     switch await stream.requestHeaders(headers, endOfStream: true) { … }
///
/// Each worker loop has virtual machines of its own. Shared data and metrics belong to the runtime and outlive them.
public final class ProxyWasmRuntime: Sendable {
    let host: PluginHost
    let loops: [FilterLoop]
    private static let lastFilter = Atomic<UInt64>(0)

    /// Makes a runtime on the host's worker loops.
    /// - Parameters:
    ///   - node: what filters are told of the server; nil for nothing.
    ///   - foreignFunctions: what filters can call by name beside the ABI's functions.
    ///   - metrics: where metrics go that filters define; the process's factory where it is nil.
    ///   - callOuts: sends the HTTP requests of filters; without it they have no upstreams.
    ///   - grpcCallOuts: makes the gRPC calls of filters; without it they have no upstreams for them.
    public init(
        host: PluginHost, limits: ProxyWasmRuntimeLimits = ProxyWasmRuntimeLimits(), node: ProxyNode? = nil,
        callOuts: (any HTTPCallOutClient)? = nil, grpcCallOuts: (any GRPCCallOutClient)? = nil,
        foreignFunctions: ForeignFunctions = .builtIn(),
        metrics: (any MetricsFactory)? = nil, logger: Logger
    ) {
        self.host = host
        let spaces = SharedSpaces(limits: limits, metrics: metrics)
        loops = host.loops.map {
            FilterLoop(
                worker: $0, host: host, spaces: spaces, limits: limits, node: node, callOuts: callOuts,
                grpcCallOuts: grpcCallOuts, foreignFunctions: foreignFunctions, logger: logger)
        }
    }

    /// Loads a filter: compiles and checks its module, starts and configures it on each worker loop.
    ///
    /// A folder of filters is loaded, and followed, as a folder of other plugins is:
    ///
    ///     let filters = try await host.loadPlugins(in: PluginFolder("filters")) { found in
    ///         try await runtime.load(FilterConfiguration(name: found.name, source: found.source))
    ///     }
    ///
    /// - Throws: Why it was refused, such as ``PluginError/Code/missingCapability`` for imports that the ABI does not
    ///   have, ``PluginError/Code/missingExport`` for a missing ABI version, memory or allocator,
    ///   ``PluginError/Code/signatureMismatch`` for a callback of another type, and ``PluginError/Code/guestError``
    ///   where the filter refused its configuration. Under a policy, every reason why that refuses it. Nothing of it is left then.
    ///   ``PluginError/Code/configuration`` where its reload policy has a probe.
    public func load(_ configuration: FilterConfiguration) async throws(PluginError) -> ProxyWasmFilter {
        try await load(configuration, on: loops)
    }

    func load(
        _ configuration: FilterConfiguration, on loops: [FilterLoop]
    ) async throws(PluginError) -> ProxyWasmFilter {
        try configuration.checkHasNoProbe()
        try configuration.checkQuarantine()
        try configuration.checkStartFactor()
        let id = FilterID(number: Self.lastFilter.add(1, ordering: .relaxed).newValue)
        let quarantine = configuration.quarantine.map { FilterQuarantine($0, host: host) }
        let pools = loops.map { FilterPool(id, configuration, quarantine, loop: $0) }
        let releases = try await load(configuration, in: pools)
        return ProxyWasmFilter(id, configuration, releases: releases, loops: loops, quarantine: quarantine)
    }

    private func load(
        _ configuration: FilterConfiguration,
        in pools: [FilterPool]
    ) async throws(PluginError) -> PluginReleases {
        guard let policy = configuration.narrowedPolicy else {
            return try await host.load(
                configuration.source,
                name: configuration.name,
                granting: [configuration.grant] + configuration.capabilities,
                limits: configuration.limits,
                quota: configuration.quota,
                reload: configuration.reload,
                in: pools
            )
        }
        return try await host.load(
            configuration.source,
            name: configuration.name,
            under: policy,
            manifest: configuration.manifest,
            recognising: { ABIVersion.named(by: $0)?.abi },
            // Linked all the same where nothing of it is granted: what was not granted answers so.
            granting: [configuration.grant.limited(to: ProxyWasmABI(grants: []))] + configuration.capabilities,
            quota: configuration.quota,
            reload: configuration.reload,
            in: pools
        )
    }

    /// Takes all filters out of service: `proxy_on_done` and `proxy_on_delete` of those that no stream uses any more.
    /// Call it when the last request has been answered, before the host's own shutdown.
    public func shutdown() async {
        for loop in loops { await loop.shutDown() }
    }

    /// The loop for a new stream: the one that the caller runs on, or the one with the least to do.
    var streamLoop: FilterLoop? {
        if let current = loops.first(where: { $0.worker.isCurrent }) { return current }
        let least = host.leastLoadedLoop()
        return loops.first { $0.worker === least } ?? loops.first
    }
}

extension FilterConfiguration {
    /// Throws where a probe would be left out without a word.
    fileprivate func checkHasNoProbe() throws(PluginError) {
        guard reload.probe == nil, reload.suspendableProbe == nil else {
            throw PluginError(
                .configuration, plugin: name,
                message:
                    "the reload policy of the filter has a probe, expected none: the ABI has its own, 'proxy_on_configure'"
            )
        }
    }

    /// Throws where the filter could not start, or could take for ever to.
    fileprivate func checkStartFactor() throws(PluginError) {
        guard (1...100).contains(startFactor) else {
            throw PluginError(
                .configuration, plugin: name,
                message: "the start factor of the filter is \(startFactor), expected 1 to 100")
        }
    }

    /// Throws where the quarantine could not be, or would be at once.
    fileprivate func checkQuarantine() throws(PluginError) {
        guard let quarantine else { return }
        guard quarantine.failures >= 1, quarantine.window > .zero else {
            throw PluginError(
                .configuration, plugin: name,
                message:
                    "the quarantine of the filter is after \(quarantine.failures) failures within \(quarantine.window), "
                    + "expected at least 1 and a time above zero"
            )
        }
    }

    /// What of the ABI the filter may have.
    fileprivate var grant: ProxyWasmABI {
        ProxyWasmABI(
            grants: grants, upstreams: upstreams, foreignFunctions: foreignFunctions, properties: properties,
            allowed: allowedCapabilities.isEmpty ? nil : allowedCapabilities)
    }

    /// The policy, with no more of the ABI than ``grant``.
    fileprivate var narrowedPolicy: PluginPolicy? {
        guard var policy else { return nil }
        policy.grants = policy.grants.map { grant in
            guard let abi = grant as? ProxyWasmABI else { return grant }
            return abi.limited(to: self.grant)
        }
        return policy
    }
}
