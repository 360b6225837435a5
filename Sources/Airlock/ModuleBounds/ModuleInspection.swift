/// What ``ModuleBounds/check(_:)`` counted in a module that is within its bounds.
///
/// A host can use it to choose tight bounds for the plugins that it has.
public struct ModuleInspection: Sendable, Hashable {
    /// The size of the module, in bytes.
    public internal(set) var moduleBytes = 0
    /// The number of imports of all kinds.
    public internal(set) var imports = 0
    /// The number of functions that the module defines.
    public internal(set) var functions = 0
    /// The number of tables, imported ones included.
    public internal(set) var tables = 0
    /// The number of linear memories, imported ones included.
    public internal(set) var memories = 0
    /// The highest number of pages (64 KiB) with which a linear memory starts.
    public internal(set) var initialMemoryPages: UInt64 = 0
    /// The highest number of elements with which a table of the module's own starts.
    public internal(set) var initialTableElements: UInt64 = 0
    /// The number of tags, imported ones included.
    public internal(set) var tags = 0
    /// The number of globals, imported ones included.
    public internal(set) var globals = 0
    /// The number of exports.
    public internal(set) var exports = 0
    /// The number of element segments.
    public internal(set) var elementSegments = 0
    /// The number of data segments.
    public internal(set) var dataSegments = 0
    /// The steps that ``ModuleBounds/initializers`` limits.
    public internal(set) var initializers = 0
    /// The size of all function bodies, in bytes.
    public internal(set) var codeBytes = 0
    /// The size of the largest function body, in bytes.
    public internal(set) var largestFunctionBody = 0
    /// The most parameters and locals of one function.
    public internal(set) var mostLocals: UInt64 = 0
    /// The deepest nesting of blocks in one function.
    public internal(set) var deepestNesting = 0
    /// The most blocks in one function.
    public internal(set) var mostBlocks = 0
    /// The most `br_table` targets in one function.
    public internal(set) var mostBranchTargets: UInt64 = 0
    /// The highest estimate of ``ModuleBounds/trackedValuesPerFunction``.
    public internal(set) var mostTrackedValues: UInt64 = 0
    /// The sum of the estimates over all functions.
    public internal(set) var trackedValues: UInt64 = 0
}
