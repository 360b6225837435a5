/// A version of a plugin that a host knows, and what it does with it.
public struct PluginRelease: Sendable, Hashable {
    /// What a host does with a version. More may be added in a minor version.
    public enum State: Sendable, Hashable {
        /// It serves what no other version does.
        case serving
        /// It serves a share of the calls.
        case canary(TrialResult)
        /// It gets copies of calls.
        case shadow(TrialResult)
        /// It waits to be promoted; after it was a shadow, with what came of that.
        case staged(TrialResult?)
        /// It was replaced, and can be rolled back to without compiling.
        case kept
    }

    /// The version's number.
    public var number: Int
    /// The SHA-256 of its module, in hexadecimal.
    public var digest: String
    /// Where its module was read from; see ``PluginVersion/place``.
    public var place: String?
    /// What the host does with it.
    public var state: State
}

/// A module that is not loaded, whatever it comes from, until an operator readmits it.
public struct QuarantinedModule: Sendable, Hashable {
    /// The SHA-256 of its bytes, in hexadecimal.
    public var digest: String
    /// Why.
    public var reason: String
}
