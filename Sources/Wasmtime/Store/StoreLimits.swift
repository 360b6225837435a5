/// Limits on what the instances of one store may hold. A limit that is `nil` is the engine's own.
///
/// A guest that asks for more gets -1 from `memory.grow` or `table.grow`; an instantiation that needs more fails with
/// ``WasmtimeError/Code-swift.struct/instantiation``.
public struct StoreLimits: Hashable, Sendable {
    /// The largest size of each memory, in bytes. It holds for each memory, not for all of them together.
    public var memoryBytes: Int?
    /// The most entries of each table.
    public var tableElements: Int?
    /// The most instances.
    public var instances: Int?
    /// The most tables.
    public var tables: Int?
    /// The most memories.
    public var memories: Int?

    /// Makes limits; negative numbers mean zero.
    public init(
        memoryBytes: Int? = nil, tableElements: Int? = nil, instances: Int? = nil, tables: Int? = nil,
        memories: Int? = nil
    ) {
        self.memoryBytes = memoryBytes
        self.tableElements = tableElements
        self.instances = instances
        self.tables = tables
        self.memories = memories
    }
}
