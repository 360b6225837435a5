/// Something that happened to a plugin.
public struct PluginEvent: Sendable {
    /// What happened. More may be added in a minor version.
    public enum Kind: Sendable {
        /// A plugin's first version was loaded.
        case loaded
        /// A plugin that was found in a folder could not be loaded. It is tried again when what is in the folder changes.
        case loadFailed(PluginError)
        /// A new version took over from `previous`.
        case reloaded(previous: Int)
        /// A new version was refused; the running one was left untouched.
        case reloadFailed(PluginError)
        /// A step on the way of a version into service, or out of it, was done, or ended in an error.
        case step(ReloadStep, PluginError?)
        /// A new version is ready and waits to be promoted.
        case staged
        /// A new version serves a share of the calls, or gets copies of them.
        case trialBegan(ReloadStrategy)
        /// A version is not tried any more.
        case trialEnded(TrialResult, TrialEnd)
        /// A version took over again from `previous`, which had replaced it.
        case rolledBack(previous: Int)
        /// An instance got the state of the version that it replaces, of so many bytes.
        case stateRestored(bytes: Int)
        /// An instance did not get the state of the version that it replaces, and begins without.
        case stateLost(PluginError)
        /// What was promoted or quarantined could not be written to disk, or not be read from it.
        case storeFailed(PluginError)
        /// The version that an earlier host promoted last cannot serve any more. What the source holds is loaded in its place.
        case recallFailed(PluginError)
        /// Nothing runs on a replaced version any more; so many calls or streams were stopped since they went on after the drain deadline.
        case drained(stopped: Int)
        /// A module is not loaded any more until it is readmitted.
        case moduleQuarantined(QuarantinedModule)
        /// A module may be loaded again.
        case moduleReadmitted(digest: String)
        /// The policy that the plugin was loaded under lets a new version be loaded, with what it gives it.
        case decided(PluginDecision)
        /// A file that is watched changed: the plugin's module, or under a policy its manifest. A reload begins, unless under a policy both
        /// are the running version's all the same.
        case changeSeen(path: String)
        /// A plugin is not in its folder any more.
        case removalSeen(path: String)
        /// A folder of plugins cannot be used: it is away, not readable, too large, or two modules have one name. What was loaded goes on.
        case folderUnreadable(PluginError)
        /// What a plugin comes from could not be asked for a new version, or has one that it must not be: a server of modules that is
        /// followed. The running version goes on, and it is asked again.
        case sourceUnavailable(PluginError)
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
    /// The plugin's name; empty for what is about a whole folder.
    public let plugin: String
    /// The number of the version that it is about.
    public let version: Int
    /// How long it took, for a load, a reload or a compilation, the wait for its turn included.
    public let duration: Duration?
}

/// A step on the way of a version into service.
public enum ReloadStep: Sendable, Hashable {
    /// The module is read, its digest compared with the pinned and the quarantined ones, and its signature checked where one is demanded.
    case read
    /// Its bounds, its validity and its sizes are checked.
    case check
    /// It is compiled, or taken from the cache.
    case compile
    /// It is linked with what it was granted, and its exports are compared with what is called.
    case link
    /// An instance is started on each worker loop and probed.
    case start
    /// New calls go to it.
    case cutOver
}

/// Why a version is not tried any more.
public enum TrialEnd: Sendable, Hashable {
    /// Its window passed within its error budget.
    case passed
    /// It overdrew its error budget.
    case overBudget
    /// An operator promoted it.
    case promoted
    /// Another version took its place, or an operator dropped it.
    case dropped
}
