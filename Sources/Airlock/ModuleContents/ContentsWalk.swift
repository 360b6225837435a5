import Wasmtime

/// Walks over the sections of a module (core specification 3.0, section 5.5, "Modules") and keeps what ``ModuleContents`` shows.
struct ContentsWalk {
    private let bounds: ModuleBounds
    private let readsCustomSectionsOnly: Bool
    private var reader: BinaryReader
    private var contents = ModuleContents()
    private var types: [FunctionType] = []
    private var functions: [UInt32] = []
    private var tables: [ModuleContents.Item] = []
    private var globals: [ModuleContents.Item] = []
    private var tags: [ModuleContents.Item] = []

    init(bounds: ModuleBounds, bytes: [UInt8], readsCustomSectionsOnly: Bool = false) {
        self.bounds = bounds
        self.readsCustomSectionsOnly = readsCustomSectionsOnly
        reader = BinaryReader(bytes)
    }

    mutating func run() throws(ModuleBoundsViolation) -> ModuleContents {
        try reader.modulePreamble()
        while !reader.isAtEnd {
            var (start, id, content) = try reader.section()
            let size = content.remaining
            guard Int(id) < Self.names.count else {
                throw .malformed(offset: start, expected: "a section with an identifier from 0 to 13, not \(id)")
            }
            guard contents.sections.count < Self.mostSections else {
                throw .malformed(offset: start, expected: "at most \(Self.mostSections) sections")
            }
            let name = id == 0 ? try content.name("the name of a custom section") : Self.names[Int(id)]
            contents.sections.append(
                ModuleContents.Section(
                    id: id,
                    name: name,
                    bytes: size,
                    content: content.offset..<content.offset + content.remaining
                )
            )
            if !readsCustomSectionsOnly { try section(id, &content) }
        }
        return contents
    }

    /// Far more than toolchains write: at most 13, and some custom ones.
    private static let mostSections = 1_000

    private static let names = [
        "custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code",
        "data", "data count",
        "tag",
    ]

    private mutating func section(_ id: UInt8, _ content: inout BinaryReader) throws(ModuleBoundsViolation) {
        switch id {
        case 1:
            for _ in 0..<(try count(.types, bounds.types, &content)) { types.append(try content.functionType(bounds)) }
        case 2:
            for _ in 0..<(try count(.imports, bounds.imports, &content)) {
                let (module, name) = (try content.name("a name"), try content.name("a name"))
                contents.imports.append(.init(module: module, name: name, item: try imported(&content)))
            }
        case 3:
            for _ in 0..<(try count(.functions, bounds.functions, &content)) {
                functions.append(try content.unsigned32("a type index"))
            }
        case 4:
            for _ in 0..<(try count(.tables, bounds.tables, &content)) {
                tables.append(try content.definedTable().item)
            }
        case 5:
            for _ in 0..<(try count(.memories, bounds.memories, &content)) {
                contents.memories.append(try content.memory())
            }
        case 6:
            for _ in 0..<(try count(.globals, bounds.globals, &content)) { globals.append(try definedGlobal(&content)) }
        case 7:
            for _ in 0..<(try count(.exports, bounds.exports, &content)) {
                let name = try content.name("a name")
                contents.exports.append(.init(name: name, item: try exported(&content)))
            }
        case 8: contents.hasStart = true
        case 13: for _ in 0..<(try count(.tags, bounds.tags, &content)) { tags.append(try tag(&content)) }
        default: break
        }
    }

    private func count(
        _ bound: ModuleBoundsViolation.Bound,
        _ allowed: Int,
        _ content: inout BinaryReader
    ) throws(ModuleBoundsViolation) -> UInt32 {
        let count = try content.unsigned32("the number of \(bound)")
        try bounds.require(bound, atMost: allowed, found: UInt64(count))
        return count
    }

    private mutating func imported(_ content: inout BinaryReader) throws(ModuleBoundsViolation) -> ModuleContents.Item {
        let start = content.offset
        switch try content.byte("the kind of an import") {
        case 0:
            let type = try content.unsigned32("a type index")
            functions.append(type)
            return .function(try functionType(type, at: start))
        case 1:
            let table = try content.table().item
            tables.append(table)
            return table
        case 2:
            let memory = try content.memory()
            contents.memories.append(memory)
            return .memory(memory)
        case 3:
            let global = try content.global()
            globals.append(global)
            return global
        case 4:
            let tag = try tag(&content)
            tags.append(tag)
            return tag
        default: throw .malformed(offset: start, expected: "the kind of an import (0 to 4)")
        }
    }

    private func exported(_ content: inout BinaryReader) throws(ModuleBoundsViolation) -> ModuleContents.Item {
        let start = content.offset
        let kind = try content.byte("the kind of an export")
        let index = Int(try content.unsigned32("an index"))
        switch kind {
        case 0 where index < functions.count: return .function(try functionType(functions[index], at: start))
        case 1 where index < tables.count: return tables[index]
        case 2 where index < contents.memories.count: return .memory(contents.memories[index])
        case 3 where index < globals.count: return globals[index]
        case 4 where index < tags.count: return tags[index]
        case 0...4:
            throw .malformed(offset: start, expected: "the index of something that the module has, not \(index)")
        default: throw .malformed(offset: start, expected: "the kind of an export (0 to 4)")
        }
    }

    private func functionType(_ index: UInt32, at offset: Int) throws(ModuleBoundsViolation) -> FunctionType {
        guard Int(index) < types.count else {
            throw .malformed(
                offset: offset, expected: "the index of a type, of which there are \(types.count), not \(index)")
        }
        return types[Int(index)]
    }

    private func tag(_ content: inout BinaryReader) throws(ModuleBoundsViolation) -> ModuleContents.Item {
        let start = content.offset
        try content.skip(1, "the attribute of a tag")
        return .tag(try functionType(content.unsigned32("a type index"), at: start))
    }

    private func definedGlobal(_ content: inout BinaryReader) throws(ModuleBoundsViolation) -> ModuleContents.Item {
        let global = try content.global()
        try content.skipConstantExpression()
        return global
    }
}
