/// What an edited module exports for the host, and how much memory its instances have.
struct HostExports: Sendable, Hashable {
    /// The names under which the memories that the module defines are exported, in their order. `memory` where a memory has that name
    /// among others.
    var memories: [String] = []
    /// The name of the exported `i64` that counts refused growth; nil where the memory limit cannot refuse any.
    var refusals: String?
    /// The name of the start function, which the host calls first; nil where the module has none.
    var start: String?
    /// The names of the exports that are the host's and not the module's.
    var hidden: Set<String> = []
    /// The pages (64 KiB) of all memories together when an instance begins.
    var initialPages: UInt64 = 0
    /// The most pages that all memories together can have.
    var mostPages: UInt64 = 0
}
