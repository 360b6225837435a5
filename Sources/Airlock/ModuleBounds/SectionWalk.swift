import WorkerLoop

/// Walks over the sections of a module (core specification 3.0, section 5.5, "Modules") and counts what
/// ``ModuleBounds`` limits.
struct SectionWalk {
    let bounds: ModuleBounds
    private var reader: BinaryReader
    var inspection = ModuleInspection()
    private(set) var outline = ModuleOutline()
    private var types: [Signature] = []
    /// The type index of every function, imported functions first.
    private var functionTypes: [UInt32] = []
    private var importedFunctions = 0
    private var bodies: Int?

    /// The numbers of parameters and results of a function type.
    struct Signature {
        var parameters: UInt32
        var results: UInt32
    }

    init(bounds: ModuleBounds, bytes: [UInt8]) {
        self.bounds = bounds
        reader = BinaryReader(bytes)
        inspection.moduleBytes = bytes.count
    }

    mutating func run() throws(ModuleBoundsViolation) {
        try reader.modulePreamble()
        var lastRank = -1
        while !reader.isAtEnd {
            var (start, id, content) = try reader.section()
            guard id != 0 else { continue }
            guard let rank = Self.order.firstIndex(of: id) else {
                throw .malformed(offset: start, expected: "a section with an identifier from 0 to 13, not \(id)")
            }
            guard rank > lastRank else {
                throw .malformed(offset: start, expected: "the sections in their order, each at most once")
            }
            lastRank = rank
            outline.sections.append(.init(id: id, start: start, content: content.offset..<reader.offset))
            try section(id, &content)
        }
        guard functionTypes.count - importedFunctions == bodies ?? 0 else {
            throw .malformed(
                offset: reader.offset,
                expected: "\(functionTypes.count - importedFunctions) function bodies, as declared"
            )
        }
        outline.types = types.count
        outline.functions = functionTypes.count
        outline.globals = inspection.globals
    }

    /// Section identifiers in the order in which sections may come: type, import, function, table, memory, tag, global,
    /// export, start, element, data count, code, data.
    static let order: [UInt8] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11]

    private mutating func section(_ id: UInt8, _ content: inout BinaryReader) throws(ModuleBoundsViolation) {
        switch id {
        case 1: try typeSection(&content)
        case 2: try importSection(&content)
        case 3: try functionSection(&content)
        case 4: try tableSection(&content)
        case 5: try memorySection(&content)
        case 6: try globalSection(&content)
        case 7: inspection.exports = try count(of: .exports, bounds.exports, in: &content)
        case 9: try elementSection(&content)
        case 10: try codeSection(&content)
        case 11: try dataSection(&content)
        case 12: inspection.dataSegments = try count(of: .dataSegments, bounds.dataSegments, in: &content)
        case 13: inspection.tags = try count(of: .tags, bounds.tags, after: inspection.tags, in: &content)
        default: break  // 8, the start function: nothing to count
        }
    }

    /// Reads how many items a section holds and checks the sum of them and of those before.
    func count(
        of bound: ModuleBoundsViolation.Bound,
        _ allowed: Int,
        after imported: Int = 0,
        in content: inout BinaryReader
    ) throws(ModuleBoundsViolation) -> Int {
        let count = try content.unsigned32("the number of \(bound)")
        let total = UInt64(imported) + UInt64(count)
        try bounds.require(bound, atMost: allowed, found: total)
        return Int(total)
    }

    func requireEnd(of content: BinaryReader, _ name: String) throws(ModuleBoundsViolation) {
        guard content.isAtEnd else {
            throw .malformed(offset: content.offset, expected: "the end of the \(name) section")
        }
    }

    private mutating func typeSection(_ content: inout BinaryReader) throws(ModuleBoundsViolation) {
        let count = try count(of: .types, bounds.types, in: &content)
        for _ in 0..<count {
            let start = content.offset
            guard try content.byte("a function type") == 0x60 else {
                throw .malformed(offset: start, expected: "a function type (0x60)")
            }
            types.append(Signature(parameters: try valueTypes(&content), results: try valueTypes(&content)))
        }
        try requireEnd(of: content, "type")
    }

    private func valueTypes(_ content: inout BinaryReader) throws(ModuleBoundsViolation) -> UInt32 {
        let count = try content.unsigned32("the number of value types")
        try bounds.require(.parametersOrResults, atMost: bounds.parametersOrResults, found: UInt64(count))
        for _ in 0..<count { try content.skipValueType() }
        return count
    }

    private mutating func importSection(_ content: inout BinaryReader) throws(ModuleBoundsViolation) {
        inspection.imports = try count(of: .imports, bounds.imports, in: &content)
        for _ in 0..<inspection.imports {
            for _ in 0..<2 {
                let length = try content.unsigned32("the length of a name")
                try content.skip(Int(length), "a name")
            }
            try importedItem(&content)
        }
        importedFunctions = functionTypes.count
        try requireEnd(of: content, "import")
    }

    private mutating func importedItem(_ content: inout BinaryReader) throws(ModuleBoundsViolation) {
        let start = content.offset
        switch try content.byte("the kind of an import") {
        case 0:
            functionTypes.append(try content.unsigned32("a type index"))
        case 1:
            inspection.tables += 1
            try bounds.require(.tables, atMost: bounds.tables, found: UInt64(inspection.tables))
            _ = try content.table()
        case 2:
            inspection.memories += 1
            outline.importedMemories += 1
            _ = try memory(&content)
        case 3:
            inspection.globals += 1
            try bounds.require(.globals, atMost: bounds.globals, found: UInt64(inspection.globals))
            try content.skipValueType()
            try content.skip(1, "the mutability of a global")
        case 4:
            inspection.tags += 1
            try bounds.require(.tags, atMost: bounds.tags, found: UInt64(inspection.tags))
            try content.skip(1, "the attribute of a tag")
            _ = try content.unsigned32("a type index")
        default:
            throw .malformed(offset: start, expected: "the kind of an import (0 to 4)")
        }
    }

    private mutating func functionSection(_ content: inout BinaryReader) throws(ModuleBoundsViolation) {
        inspection.functions = try count(of: .functions, bounds.functions, in: &content)
        for _ in 0..<inspection.functions {
            functionTypes.append(try content.unsigned32("a type index"))
        }
        try requireEnd(of: content, "function")
    }

    private mutating func tableSection(_ content: inout BinaryReader) throws(ModuleBoundsViolation) {
        let before = inspection.tables
        inspection.tables = try count(of: .tables, bounds.tables, after: before, in: &content)
        for _ in before..<inspection.tables {
            let isFilled = content.peek() == 0x40
            let limits = try content.definedTable().limits
            if isFilled { try initialize(1) }
            outline.tables.append(limits)
            inspection.initialTableElements = max(inspection.initialTableElements, limits.minimum)
        }
        try requireEnd(of: content, "table")
    }

    private mutating func memorySection(_ content: inout BinaryReader) throws(ModuleBoundsViolation) {
        let before = inspection.memories
        inspection.memories = try count(of: .memories, bounds.memories, after: before, in: &content)
        for _ in before..<inspection.memories { outline.memories.append(try memory(&content)) }
        try requireEnd(of: content, "memory")
    }

    private mutating func memory(
        _ content: inout BinaryReader
    ) throws(ModuleBoundsViolation) -> ModuleOutline.Limits {
        try bounds.require(.memories, atMost: bounds.memories, found: UInt64(inspection.memories))
        let limits = try content.limits()
        try bounds.require(.initialMemoryPages, atMost: bounds.initialMemoryPages, found: limits.minimum)
        inspection.initialMemoryPages = max(inspection.initialMemoryPages, limits.minimum)
        return limits
    }

    private mutating func codeSection(_ content: inout BinaryReader) throws(ModuleBoundsViolation) {
        let start = content.offset
        let count = Int(try content.unsigned32("the number of function bodies"))
        guard count == inspection.functions else {
            throw .malformed(offset: start, expected: "\(inspection.functions) function bodies, as declared")
        }
        bodies = count
        for index in 0..<count {
            let size = try content.unsigned32("the size of a function body")
            let body = try content.range(of: size, "a function body")
            try function(importedFunctions + index, body, size: Int(size), codeStart: start)
        }
        try requireEnd(of: content, "code")
    }

    private mutating func function(
        _ index: Int,
        _ body: BinaryReader,
        size: Int,
        codeStart: Int
    ) throws(ModuleBoundsViolation) {
        try bounds.require(
            .functionBodyBytes,
            atMost: bounds.functionBodyBytes,
            found: UInt64(size),
            function: index
        )
        inspection.codeBytes += size
        try bounds.require(.codeBytes, atMost: bounds.codeBytes, found: UInt64(inspection.codeBytes))

        var walk = FunctionBodyWalk(
            bounds: bounds,
            function: index,
            types: types,
            functionTypes: functionTypes,
            body: body
        )
        try walk.run()
        // The size of a section has 32 bits.
        outline.growths.append(contentsOf: walk.growths.lazy.map { UInt32(truncatingIfNeeded: $0 - codeStart) })
        inspection.trackedValues = inspection.trackedValues.addingSaturated(walk.trackedValues)
        try bounds.require(.trackedValues, atMost: bounds.trackedValues, found: inspection.trackedValues)

        inspection.largestFunctionBody = max(inspection.largestFunctionBody, size)
        inspection.mostLocals = max(inspection.mostLocals, walk.locals)
        inspection.deepestNesting = max(inspection.deepestNesting, walk.deepest)
        inspection.mostBlocks = max(inspection.mostBlocks, walk.blocks)
        inspection.mostBranchTargets = max(inspection.mostBranchTargets, walk.branchTargets)
        inspection.mostTrackedValues = max(inspection.mostTrackedValues, walk.trackedValues)
    }
}

extension BinaryReader {
    /// A value type (section 5.3): one byte, or one byte and a heap type.
    mutating func skipValueType() throws(ModuleBoundsViolation) {
        let start = offset
        let code = try byte("a value type")
        guard code & 0xC0 == 0x40 else { throw malformed(at: start, expected: "a value type") }
        if code == 0x63 || code == 0x64 { try skipHeapType() }
    }

    /// A heap type: a type index, or one of the abstract ones as a negative number.
    mutating func skipHeapType() throws(ModuleBoundsViolation) {
        _ = try signed(bits: 33, "a heap type")
    }
}
