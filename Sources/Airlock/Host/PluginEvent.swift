/// Something that happened to a plugin.
public struct PluginEvent: Sendable {
    /// What happened. More may be added in a minor version.
    public enum Kind: Sendable {
        /// A plugin's first version was loaded.
        case loaded
        /// A new version took over from `previous`.
        case reloaded(previous: Int)
        /// A new version was refused; the running one was left untouched.
        case reloadFailed(PluginError)
        /// The policy that the plugin was loaded under lets a new version be loaded, with what it gives it.
        case decided(PluginDecision)
        /// A file that is watched changed: the plugin's module, or under a policy its manifest. A reload begins, unless under a policy both
        /// are the running version's all the same.
        case changeSeen(path: String)
        /// A module is being compiled, in a child process or in the host's own. Not sent where it comes from the cache.
        case compiling(CompilationRoute)
        /// A module was compiled, or found to be compiled.
        case compiled(CompilationRoute)
        /// A module could not be compiled.
        case compilationFailed(PluginError)
        /// The cache of compiled modules held something that cannot be used, or could not be written. The plugin is loaded all the same.
        case cacheProblem(String)
        /// An instance ended in a failure and was thrown away.
        case instanceDiscarded(PluginError)
        /// The plugin failed too often and is not run for a while.
        case paused(for: Duration)
        /// The plugin failed too often, again and again, and is not run until it is readmitted or replaced.
        case quarantined
        /// A pause or a quarantine was ended.
        case readmitted
        /// The plugin was unloaded.
        case unloaded
    }

    /// What happened.
    public let kind: Kind
    /// The plugin's name.
    public let plugin: String
    /// The number of the version that it is about.
    public let version: Int
    /// How long it took, for a load, a reload or a compilation, the wait for its turn included.
    public let duration: Duration?
}
