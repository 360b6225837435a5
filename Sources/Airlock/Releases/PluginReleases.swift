/// The versions of one plugin, for those who operate it.
///
///     try await plugin.releases.reload(strategy: .canary(share: 0.05, for: .seconds(600)))
///     …
///     try await plugin.releases.rollBack()
///
/// It can be used from anywhere. What changes the version that serves is done one after another; none of it fails a call.
///
/// ## Topics
/// ### New versions
/// - ``reload(from:strategy:)``
/// - ``watch()``
/// ### What there is
/// - ``list()``
/// - ``serving``
/// - ``quarantined()``
/// ### Deciding
/// - ``promote(_:)``
/// - ``drop(_:)``
/// - ``rollBack(to:)``
/// - ``quarantine(_:because:)``
/// - ``readmit(_:)``
public struct PluginReleases: Sendable {
    private let lifecycle: PluginLifecycle

    init(_ lifecycle: PluginLifecycle) {
        self.lifecycle = lifecycle
    }

    /// The plugin's name.
    public var plugin: String { lifecycle.name }

    /// The version that serves; nil after the plugin was unloaded.
    public var serving: PluginVersion? { lifecycle.current }

    /// All versions that the host knows, the latest first.
    public func list() async -> [PluginRelease] { await lifecycle.history.releases }

    /// The modules that are not loaded until they are readmitted, the latest last; at most 64.
    public func quarantined() async -> [QuarantinedModule] { await lifecycle.history.quarantined }

    /// Makes a new version beside the running one: reads, checks, compiles and links it, starts and probes an instance on each worker loop.
    /// Then it takes over as the strategy says. It takes the place of a version that is staged or being tried. New calls go to it from the
    /// cut-over on, calls in flight end on the version they began on.
    ///
    /// - Parameters:
    ///   - source: where the new module comes from; the place of the last one if left out.
    ///   - strategy: how it takes over; as ``ReloadPolicy/strategy`` says if left out.
    /// - Throws: why it was refused; then the running version goes on as if nothing had been. ``PluginError/Code/quarantined`` where its
    ///   module is.
    @discardableResult
    public func reload(
        from source: PluginSource? = nil,
        strategy: ReloadStrategy? = nil
    ) async throws(PluginError) -> PluginVersion {
        try await lifecycle.reload(from: source, strategy: strategy)
    }

    /// Reloads whenever the file that the plugin came from is written, replaced or created anew, until it is unloaded. A refusal is a
    /// ``PluginEvent`` and leaves the running version in place. Of a folder of versions (``PluginSource/versions(in:)``) the greatest one is
    /// followed; a folder that is away, or without a version, changes nothing.
    ///
    /// Under a policy the files that its manifest is in, or would be in, are watched as well: a changed manifest is a changed plugin. What was
    /// written with the same content as a version that serves, is being tried or is staged changes nothing.
    public func watch() async throws(PluginError) { try await lifecycle.follow() }

    /// Lets a version take over that is staged or being tried.
    /// - Parameter number: its number; whichever it is if left out.
    /// - Throws: ``PluginError/Code/noSuchVersion`` where there is none, or why it could not be started.
    public func promote(_ number: Int? = nil) async throws(PluginError) { try await lifecycle.promote(number) }

    /// Takes a version out that is staged or being tried.
    /// - Parameter number: its number; whichever it is if left out.
    /// - Throws: ``PluginError/Code/noSuchVersion`` where there is none.
    public func drop(_ number: Int? = nil) async throws(PluginError) { try await lifecycle.drop(number) }

    /// Lets a replaced version take over again, without compiling it. Without a number it ends a trial, if there is one; otherwise the version
    /// that served last comes back.
    /// - Parameter number: the version's number.
    /// - Returns: the version that serves now.
    /// - Throws: ``PluginError/Code/noSuchVersion`` where the version is not kept, or why it could not be started.
    @discardableResult
    public func rollBack(to number: Int? = nil) async throws(PluginError) -> PluginVersion {
        try await lifecycle.rollBack(to: number)
    }

    /// Has a module not loaded any more, whatever it comes from. Where it serves, the latest replaced version with another module comes back.
    /// - Parameters:
    ///   - digest: the SHA-256 of the module, in hexadecimal.
    ///   - reason: what events and errors say.
    /// - Throws: ``PluginError/Code/noSuchVersion`` where it serves and there is no other version to take its place, and
    ///   ``PluginError/Code/configuration`` where the digest is none.
    public func quarantine(_ digest: String, because reason: String) async throws(PluginError) {
        try await lifecycle.quarantine(digest, reason)
    }

    /// Reloads from a file in a folder that the plugin came from, unless its content is that of a version that serves or is about to.
    func reload(foundAt path: String) async throws(PluginError) { try await lifecycle.reload(foundAt: path) }

    /// Tells those who listen to events that what the plugin comes from has no new version that could be loaded.
    package func noteUnavailable(_ error: PluginError) {
        lifecycle.services.events.send(.sourceUnavailable(error), plugin: plugin, version: serving?.number ?? 0)
    }

    /// Ends the plugin.
    package func unload() async { await lifecycle.unload() }

    /// Lets a quarantined module be loaded again.
    /// - Throws: ``PluginError/Code/noSuchVersion`` where it is not quarantined.
    public func readmit(_ digest: String) async throws(PluginError) { try await lifecycle.readmit(digest) }
}
