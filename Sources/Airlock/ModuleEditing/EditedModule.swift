import WorkerLoop

/// A module within its bounds, changed so that the host can account for its memories from the begin.
///
/// - The highest sizes of all memories together stay within the memory limit.
/// - Every memory is exported, those that the module hides under a reserved name.
/// - Growth that the limit refuses is counted in a global that is exported under a reserved name.
/// - The start function is exported under a reserved name instead of being started, so that the host calls it when it can see the
///   memories: with the instance still being made, it could tell nothing about a failure, and host functions had no memory.
/// - Custom sections are left out. The engine has no need of them, and what it does with names and debugging information costs what a
///   hostile module wants it to (``FunctionNames``).
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
    /// The most elements that each table can have, as the module says.
    let tableMaxima: [UInt64]
    /// How the host finds what was added.
    let hostExports: HostExports

    /// Checks a module against `bounds` and edits it.
    /// - Parameters:
    ///   - bytes: the module in binary form.
    ///   - memoryLimit: for all memories of an instance together, in bytes.
    /// - Throws: what ``ModuleBounds/check(_:)`` throws; ``ModuleBoundsViolation/malformed(offset:expected:)`` as well for names of
    ///   exports that end too early, and for memories that are shared or have addresses of 64 bits.
    init(_ bytes: [UInt8], bounds: ModuleBounds, memoryLimit: Int) throws(ModuleBoundsViolation) {
        let walk = try bounds.walk(bytes)
        inspection = walk.inspection
        tableMaxima = walk.outline.tables.map { $0.maximum ?? .max }
        for memory in walk.outline.memories where memory.flags > 1 {
            throw .malformed(
                offset: memory.offset,
                expected: "a memory with addresses of 32 bits that is not shared (flags 0 or 1, not \(memory.flags))"
            )
        }
        let shares = MemoryShare.dividing(memoryLimit, among: walk.outline.memories)
        let names = try ExportNames(bytes, walk.outline)
        let rewriting = ModuleRewriting(bytes, walk.outline, shares, names)
        self.bytes = try rewriting.run()
        hostExports = HostExports(
            memories: names.memories,
            refusals: rewriting.countsRefusals ? names.refusals : nil,
            start: names.start?.name,
            hidden: Set(rewriting.exports.map(\.name)),
            initialPages: walk.outline.memories.reduce(UInt64(0)) { $0.addingSaturated($1.minimum) },
            mostPages: shares.reduce(UInt64(0)) { $0.addingSaturated($1.maximum) }
        )
    }
}

extension PluginLimits {
    /// Throws where the module begins with more than its instances may have. The error names no plugin.
    func checkInitialSizes(of edited: EditedModule) throws(PluginError) {
        let pages = edited.hostExports.initialPages
        guard pages <= UInt64(memory / 65_536) else {
            throw PluginError(
                .memory,
                message:
                    "the module begins with \(pages) pages of memory (64 KiB each), more than its limit of \(memory) bytes",
                limit: UInt64(memory),
                used: pages.multipliedReportingOverflow(by: 65_536).partialValue
            )
        }
        let elements = edited.inspection.initialTableElements
        guard elements <= UInt64(tableElements) else {
            throw PluginError(
                .moduleBounds,
                message:
                    "a table of the module begins with \(elements) elements, more than its limit of \(tableElements)",
                limit: UInt64(tableElements),
                used: elements
            )
        }
    }
}
