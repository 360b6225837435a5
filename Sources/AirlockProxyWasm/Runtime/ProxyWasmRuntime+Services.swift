public import Airlock

extension ProxyWasmRuntime {
    /// Loads a service: a plugin that is started and configured as a filter is, and that no stream passes. It does what it does from its
    /// timer, its call-outs and its queues, and shares data, queues and metrics with filters. Reloading, failing and unloading are as for
    /// filters.
    ///
    /// - Parameter singleton: whether one worker loop runs it, so that there is one of it. Such a service must not be in a chain. Otherwise
    ///   each loop runs one of its own, as Envoy does it unless it is told otherwise.
    /// - Throws: as ``load(_:)``.
    public func loadService(
        _ configuration: FilterConfiguration, singleton: Bool = false
    ) async throws(PluginError) -> ProxyWasmFilter {
        guard singleton, let least = streamLoop else { return try await load(configuration) }
        return try await load(configuration, on: [least])
    }
}
