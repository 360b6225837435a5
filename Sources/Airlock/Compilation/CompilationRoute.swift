/// How a host came by a compiled module. More may be added in a minor version.
public enum CompilationRoute: Sendable, Hashable {
    /// A compiler process compiled it.
    case childProcess
    /// The host's own process compiled it.
    case inProcess
    /// It was in the cache.
    case cache
    /// It was being compiled for another load.
    case shared
}
