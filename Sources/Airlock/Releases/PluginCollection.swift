/// The plugins of a folder, which follow what becomes of it. See ``PluginHost/loadPlugins(in:removed:debounce:_:)``.
///
///     plugins["search"]?.releases.rollBack()
///
/// The folder is followed for as long as the collection lives. The plugins belong to the host, and outlive it.
///
/// ## Topics
/// ### What is loaded
/// - ``subscript(_:)``
/// - ``names``
/// - ``refusals``
/// ### Ending
/// - ``unload()``
public final class PluginCollection<Member: ReleasedPlugin>: Sendable {
    /// The folder.
    public let folder: PluginFolder
    private let members: FolderMembers<Member>
    private let follower: FolderFollower

    init(_ folder: PluginFolder, _ members: FolderMembers<Member>, _ follower: FolderFollower) {
        self.folder = folder
        self.members = members
        self.follower = follower
    }

    /// The plugin of that name; nil where there is none, or it could not be loaded.
    public subscript(name: String) -> Member? { members.member(name) }

    /// The names of the plugins that are loaded, in their order.
    public var names: [String] { members.names }

    /// Why what is in the folder is not what runs, by the name of the plugin: one that is not loaded at all, or whose latest change was
    /// refused. What is mended is not in it any more.
    public var refusals: [String: PluginError] { members.refusals }

    /// Follows the folder no longer, and unloads the plugins: calls in flight finish.
    public func unload() async {
        follower.cancel()
        await members.unload()
    }
}

/// A plugin of any kind: pooled, suspendable, or of an ABI.
public protocol ReleasedPlugin: Sendable {
    /// Its versions.
    var releases: PluginReleases { get }
}

extension Plugin: ReleasedPlugin {}
extension SuspendablePlugin: ReleasedPlugin {}

/// What becomes of a plugin whose module is removed from the folder that it was loaded from.
public enum RemovedPlugin: Sendable, Hashable {
    /// It goes on with the version that it has, and is not there after a restart. A file that is gone for a moment, or by mistake, stops
    /// nothing.
    case goesOn
    /// It is unloaded: calls in flight finish, later ones are refused. When its module is back, it is loaded anew.
    case isUnloaded
}

extension PluginHost {
    /// Loads all plugins of a folder, and follows what becomes of it.
    ///
    ///     let plugins = try await host.loadPlugins(in: PluginFolder("plugins")) { found in
    ///         try await host.load(found.source, name: found.name, granting: grants[found.name] ?? [])
    ///     }
    ///     try await plugins["search"]?.call(…)
    ///
    /// When it returns, each plugin that was in the folder is loaded or refused. From then on:
    /// - One that comes is loaded.
    /// - One whose module or manifest changes, or that gets a greater version, is reloaded as the strategy of its ``ReloadPolicy`` says, unless
    ///   its content is that of a version that serves, is being tried or is staged. What was said about its source (a pinned digest, trust)
    ///   stays said. Where the greatest version is removed, the greatest one that is left is the current one: that is a reload to an older
    ///   version, which compiles nothing where that version is kept.
    /// - One that is removed goes on, or is unloaded, as `removed` says.
    /// - When the folder is away or cannot be read, nothing changes, and that is an event.
    ///
    /// Plugins do not wait for one another: each has its own line of loads and reloads. Of the changes that come while one is in progress,
    /// only the latest is followed. A plugin that cannot be loaded keeps no other from it. It is an event
    /// (``PluginEvent/Kind/loadFailed(_:)``, later ``PluginEvent/Kind/reloadFailed(_:)``), and tried again at its next change; where it was
    /// refused for what passes, such as a file that is still being written or want of room, without one.
    ///
    /// - Parameters:
    ///   - folder: of plugins, or of the versions of one.
    ///   - removed: what becomes of a plugin whose module is removed.
    ///   - debounce: the quiet time after the last change before the folder is looked at; see ``PluginFolder/changes(on:debounce:)``.
    ///   - load: loads what was found, under the name that it has there, so that what each one may do and use is decided plugin by plugin.
    ///     Nil leaves it out until it changes. What it throws refuses that plugin only.
    /// - Throws: ``PluginError/Code/configuration`` where the folder cannot be read now or the debounce is below zero,
    ///   ``PluginError/Code/stopped`` where the host was shut down, and ``PluginError/Code/cancelled``; then nothing is loaded.
    public func loadPlugins<Member: ReleasedPlugin>(
        in folder: PluginFolder,
        removed: RemovedPlugin = .goesOn,
        debounce: Duration = .milliseconds(50),
        _ load: @escaping @Sendable (PluginFolder.Found) async throws -> Member?
    ) async throws(PluginError) -> PluginCollection<Member> {
        let found = try await services.compiler.waiting { () throws(PluginError) in try folder.scan() }
        let members = FolderMembers(of: folder, removed: removed, services: services, load)
        // Before what changes after it, so that the latest is the last.
        members.take(.difference(.init(from: [], to: found)))
        let follower: FolderFollower
        do {
            follower = try services.followers.follow(folder, debounce: debounce, since: found) { members.take($0) }
        } catch {
            await members.unload()
            throw error
        }
        await withTaskCancellationHandler {
            await members.settle()
        } onCancel: {
            members.close()
        }
        let plugins = PluginCollection(folder, members, follower)
        guard !Task.isCancelled else {
            await plugins.unload()
            throw PluginError(
                .cancelled, message: "the task that loads the folder of plugins '\(folder.path)' was cancelled")
        }
        return plugins
    }
}
