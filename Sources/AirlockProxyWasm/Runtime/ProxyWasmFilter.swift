public import Airlock

/// A loaded filter. Put it into an ``HTTPFilterChain``; it can be in several.
public final class ProxyWasmFilter: Sendable {
    private let plugin: Plugin
    private let starter: FilterStarter

    init(plugin: Plugin, starter: FilterStarter) {
        self.plugin = plugin
        self.starter = starter
    }

    var id: FilterID { starter.id }

    /// The filter's name.
    public var name: String { configuration.name }

    /// What the filter was loaded with.
    public var configuration: FilterConfiguration { starter.configuration }

    /// Whether the running version reads or changes request bodies. Where it does, drop the `content-length` of
    /// forwarded requests.
    public var exportsRequestBody: Bool { exports("proxy_on_request_body") }

    /// Whether the running version reads or changes response bodies. Where it does, drop the `content-length` of
    /// responses.
    public var exportsResponseBody: Bool { exports("proxy_on_response_body") }

    private func exports(_ name: String) -> Bool {
        plugin.currentVersion?.functionType(of: name) != nil
    }

    /// Loads a new version, starts and configures it on each worker loop beside the running one, and lets it take
    /// over: new streams use it, open streams end on the version that they began on, whose virtual machines are freed
    /// with their last stream.
    ///
    /// - Parameter source: where the new module comes from; the place of the last one if left out.
    /// - Throws: why the new version was refused; then the running one goes on.
    public func reload(from source: PluginSource? = nil) async throws(PluginError) {
        try await plugin.reload(from: source, start: start)
    }

    /// Reloads whenever the file that the filter came from changes, under a policy also the one of its manifest, until it is unloaded. A
    /// refusal is a ``PluginEvent`` of the host, and the running version goes on.
    public func watch() async throws(PluginError) {
        try await plugin.watch(start: start)
    }

    private var start: @Sendable (PluginVersion) async throws(PluginError) -> Void {
        { [starter] (version) async throws(PluginError) in try await starter.start(version) }
    }

    /// How the filter is doing now.
    public func status() async -> FilterStatus {
        let version = plugin.currentVersion
        var status = FilterStatus(name: name, version: version?.number ?? 0, digest: version?.digest ?? "")
        for loop in starter.loops { status = await loop.add(id, to: status) }
        return status
    }

    /// Takes the filter out of service: chains go on without it, and open streams end with it.
    public func unload() async {
        for loop in starter.loops { await loop.remove(id) }
        await plugin.unload()
    }
}
