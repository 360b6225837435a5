import Airlock

/// What is in a module.
struct ContentsReport: Encodable {
    struct Section: Encodable {
        var name: String
        var isCustom: Bool
        var bytes: Int
    }

    /// What was counted within the bounds.
    struct Counts: Encodable {
        var functions: Int
        var tables: Int
        var globals: Int
        var dataSegments: Int
        var codeBytes: Int
        var largestFunctionBody: Int
        var mostLocals: UInt64
        var deepestNesting: Int
    }

    struct ImportGroup: Encodable {
        /// The capability that offers them; absent where none here does.
        var capability: String?
        var items: [Import]
    }

    struct Import: Encodable {
        var module: String
        var name: String
        var type: String
        /// Whether the function waits, which only a suspendable plugin can do.
        var waits: Bool
    }

    struct Export: Encodable {
        var name: String
        var type: String
    }

    struct Memory: Encodable {
        /// In pages of 64 KiB.
        var minimumPages: UInt64
        var maximumPages: UInt64?
        var isShared: Bool
        var is64Bit: Bool
    }

    var sections: [Section]
    var counts: Counts?
    var imports: [ImportGroup]
    var exports: [Export]
    var memories: [Memory]
    /// Whether a start function runs with each new instance.
    var hasStart: Bool

    init(_ contents: ModuleContents, inspection: ModuleInspection?, known: [any Capability.Type]) {
        sections = contents.sections.map { Section(name: $0.name, isCustom: $0.id == 0, bytes: $0.bytes) }
        counts = inspection.map(Counts.init)
        imports = contents.imports(offeredBy: known).map { group in
            ImportGroup(
                capability: group.capability?.description,
                items: group.items.map {
                    Import(
                        module: $0.item.module, name: $0.item.name, type: $0.item.item.description, waits: $0.waits)
                }
            )
        }
        exports = contents.exports.map { Export(name: $0.name, type: $0.item.description) }
        memories = contents.memories.map {
            Memory(minimumPages: $0.minimum, maximumPages: $0.maximum, isShared: $0.isShared, is64Bit: $0.is64Bit)
        }
        hasStart = contents.hasStart
    }
}

extension ContentsReport.Counts {
    fileprivate init(_ inspection: ModuleInspection) {
        self.init(
            functions: inspection.functions,
            tables: inspection.tables,
            globals: inspection.globals,
            dataSegments: inspection.dataSegments,
            codeBytes: inspection.codeBytes,
            largestFunctionBody: inspection.largestFunctionBody,
            mostLocals: inspection.mostLocals,
            deepestNesting: inspection.deepestNesting
        )
    }
}
