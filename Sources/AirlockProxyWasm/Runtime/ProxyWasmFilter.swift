public import Airlock

/// A loaded filter. Put it into an ``HTTPFilterChain``; it can be in several.
public final class ProxyWasmFilter: ReleasedPlugin {
    let id: FilterID
    /// What the filter was loaded with.
    public let configuration: FilterConfiguration
    /// Its versions: reloading, trying, promoting, rolling back.
    public let releases: PluginReleases
    private let loops: [FilterLoop]
    private let quarantine: FilterQuarantine?

    init(
        _ id: FilterID, _ configuration: FilterConfiguration, releases: PluginReleases, loops: [FilterLoop],
        quarantine: FilterQuarantine?
    ) {
        self.id = id
        self.configuration = configuration
        self.releases = releases
        self.loops = loops
        self.quarantine = quarantine
    }

    /// The filter's name.
    public var name: String { configuration.name }

    /// On how many worker loops it runs: all of the host's, or one where it is a service that there is once.
    public var workers: Int { loops.count }

    /// Whether the running version reads or changes request bodies. Where it does, drop the `content-length` of
    /// forwarded requests.
    public var exportsRequestBody: Bool { exports("proxy_on_request_body") }

    /// Whether the running version reads or changes response bodies. Where it does, drop the `content-length` of
    /// responses.
    public var exportsResponseBody: Bool { exports("proxy_on_response_body") }

    private func exports(_ name: String) -> Bool {
        let allowed = configuration.allowedCapabilities
        return releases.serving?.functionType(of: name) != nil && (allowed.isEmpty || allowed.contains(name))
    }

    /// Loads a new version, starts and configures it on each worker loop beside the running one, and lets it take
    /// over: new streams use it, open streams end on the version that they began on, whose virtual machines are freed
    /// with their last stream.
    ///
    /// - Parameter source: where the new module comes from; the place of the last one if left out.
    /// - Throws: why the new version was refused; then the running one goes on.
    public func reload(from source: PluginSource? = nil) async throws(PluginError) {
        try await releases.reload(from: source)
    }

    /// Reloads whenever the file that the filter came from changes, under a policy also the one of its manifest, until it is unloaded. A
    /// refusal is a ``PluginEvent`` of the host, and the running version goes on.
    public func watch() async throws(PluginError) {
        try await releases.watch()
    }

    /// How the filter is doing now.
    public func status() async -> FilterStatus {
        let version = releases.serving
        var status = FilterStatus(name: name, version: version?.number ?? 0, digest: version?.digest ?? "")
        for loop in loops { status = await loop.add(id, to: status) }
        return status
    }

    /// Whether it failed so often that it is not run, nor a virtual machine started for it, until ``readmit()`` or until it is replaced; see ``FilterConfiguration/quarantine``.
    public var isQuarantined: Bool { quarantine?.isQuarantined ?? false }

    /// Ends a quarantine after repeated failures. Not for modules that are quarantined by digest: ``PluginReleases/readmit(_:)``.
    public func readmit() {
        guard let quarantine else { return }
        quarantine.readmit(plugin: name, version: releases.serving?.number ?? 0)
        for loop in loops { loop.startReadmitted(id) }
    }

    /// Takes the filter out of service: chains go on without it, and open streams end with it.
    public func unload() async {
        await releases.unload()
    }
}
