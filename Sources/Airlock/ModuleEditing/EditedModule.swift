/// A module within its bounds, changed so that the host can account for its memories.
///
/// - The highest sizes of all memories together stay within the memory limit.
/// - Every memory is exported, those that the module hides under a reserved name.
/// - Growth that the limit refuses is counted in a global that is exported under a reserved name.
///
/// What is added comes after what is there, so that every index of the module keeps its meaning; an instruction `memory.grow` becomes
/// a call of an added function that grows the memory and counts. The guest sees no difference but the fuel of that call.
///
/// A memory whose own maximum is below its share of the limit is not counted: what it is refused, it refuses itself.
/// Imported memories are left alone.
///
/// The bytes need not be valid WebAssembly. But invalid bytes that name an index that does not exist may become valid by what was
/// added, so the engine has to validate the original as well.
struct EditedModule: Sendable {
    let bytes: [UInt8]
    /// What was counted in the original.
    let inspection: ModuleInspection
    /// How the host finds what was added.
    let accounts: MemoryAccounts

    /// Checks a module against `bounds` and edits it.
    /// - Parameters:
    ///   - bytes: the module in binary form.
    ///   - memoryLimit: for all memories of an instance together, in bytes.
    /// - Throws: what ``ModuleBounds/check(_:)`` throws; ``ModuleBoundsViolation/malformed(offset:expected:)`` as well for names of
    ///   exports that end too early, and for memories that are shared or have addresses of 64 bits.
    init(_ bytes: [UInt8], bounds: ModuleBounds, memoryLimit: Int) throws(ModuleBoundsViolation) {
        let walk = try bounds.walk(bytes)
        inspection = walk.inspection
        guard !walk.outline.memories.isEmpty else {
            self.bytes = bytes
            accounts = MemoryAccounts()
            return
        }
        for memory in walk.outline.memories where memory.flags > 1 {
            throw .malformed(
                offset: memory.offset,
                expected: "a memory with addresses of 32 bits that is not shared (flags 0 or 1, not \(memory.flags))"
            )
        }
        let shares = MemoryShare.dividing(memoryLimit, among: walk.outline.memories)
        let exports = try MemoryExports(bytes, walk.outline)
        let rewriting = ModuleRewriting(bytes, walk.outline, shares, exports)
        self.bytes = try rewriting.run()
        accounts = MemoryAccounts(
            memories: exports.names,
            refusals: rewriting.countsRefusals ? exports.refusals : nil,
            hidden: Set(exports.added.map(\.name) + (rewriting.countsRefusals ? [exports.refusals] : [])),
            initialPages: walk.outline.memories.reduce(UInt64(0)) { $0.addingSaturating($1.minimum) },
            mostPages: shares.reduce(UInt64(0)) { $0.addingSaturating($1.maximum) }
        )
    }
}

/// How the host accounts for the memories that an instance of a module has.
struct MemoryAccounts: Sendable, Hashable {
    /// The names under which the memories that the module defines are exported, in their order. `memory` where a memory has that name
    /// among others.
    var memories: [String] = []
    /// The name of the exported `i64` that counts refused growth; nil where the memory limit cannot refuse any.
    var refusals: String?
    /// The names of the exports that are the host's and not the module's.
    var hidden: Set<String> = []
    /// The pages (64 KiB) of all memories together when an instance begins.
    var initialPages: UInt64 = 0
    /// The most pages that all memories together can have.
    var mostPages: UInt64 = 0
}
