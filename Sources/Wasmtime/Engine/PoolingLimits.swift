/// How much a pooling engine reserves when it is made, for all of its stores together.
///
/// Slots are reserved as address space, not as memory: a slot costs memory from its first use on. An instantiation
/// that finds no free slot fails with ``WasmtimeError/Code-swift.struct/instantiation``.
public struct PoolingLimits: Hashable, Sendable {
    /// Instances alive at a time, 1 to 1,000,000.
    public var instances: UInt32
    /// Linear memories alive at a time, up to 1,000,000.
    public var memories: UInt32
    /// Tables alive at a time, up to 1,000,000.
    public var tables: UInt32
    /// Asynchronous calls in progress at a time, up to 16,000: each stack takes two of the process's memory mappings,
    /// of which Linux allows 65,530.
    public var stacks: UInt32
    /// The largest size of one memory, in bytes. A module whose memory starts larger is refused when it is compiled.
    public var memoryBytes: Int
    /// The most entries of one table.
    public var tableElements: Int
    /// The most memories that one module may define.
    public var memoriesPerModule: UInt32
    /// The most tables that one module may define.
    public var tablesPerModule: UInt32
    /// The largest size of the engine's own record of an instance, in bytes; it grows with the module's functions
    /// and globals.
    public var instanceBytes: Int
    /// How many bytes of a memory stay in memory when its slot is given back; they are zeroed instead of unmapped,
    /// which is faster for a few pages and slower for many.
    public var memoryKeepResident: Int
    /// The same for a table.
    public var tableKeepResident: Int
    /// The same for the stack of an asynchronous call.
    public var stackKeepResident: Int

    /// Makes limits; the defaults serve a thousand small instances.
    public init(
        instances: UInt32 = 1_000, memories: UInt32 = 1_000, tables: UInt32 = 1_000, stacks: UInt32 = 1_000,
        memoryBytes: Int = 64 << 20, tableElements: Int = 20_000, memoriesPerModule: UInt32 = 1,
        tablesPerModule: UInt32 = 4, instanceBytes: Int = 1 << 20, memoryKeepResident: Int = 0,
        tableKeepResident: Int = 0, stackKeepResident: Int = 0
    ) {
        self.instances = instances
        self.memories = memories
        self.tables = tables
        self.stacks = stacks
        self.memoryBytes = memoryBytes
        self.tableElements = tableElements
        self.memoriesPerModule = memoriesPerModule
        self.tablesPerModule = tablesPerModule
        self.instanceBytes = instanceBytes
        self.memoryKeepResident = memoryKeepResident
        self.tableKeepResident = tableKeepResident
        self.stackKeepResident = stackKeepResident
    }
}
