/// Writes a module again, section by section, with what ``EditedModule`` adds.
struct ModuleRewriting {
    private let bytes: [UInt8]
    private let outline: ModuleOutline
    private let shares: [MemoryShare]
    private let names: ExportNames
    /// A call of the function that grows a memory and counts, for each memory that the module defines; nil where there is nothing
    /// to count.
    private let growers: [[UInt8]?]

    /// Whether growth that the limit refuses is counted.
    var countsRefusals: Bool { growers.contains { $0 != nil } }

    /// - Parameter bytes: what `outline` was made of.
    init(_ bytes: [UInt8], _ outline: ModuleOutline, _ shares: [MemoryShare], _ names: ExportNames) {
        self.bytes = bytes
        self.outline = outline
        self.shares = shares
        self.names = names
        let grows = !outline.growths.isEmpty
        var next = outline.functions
        growers = shares.map { share in
            guard grows, share.isHostLimit else { return nil }
            var call = BinaryWriter()
            call.append([0x10])
            call.unsigned(next)
            next += 1
            return call.bytes
        }
    }

    func run() throws(ModuleBoundsViolation) -> [UInt8] {
        var output = BinaryWriter()
        output.append(bytes[..<8])
        var missing = additions.filter { outline.section($0.section) == nil }[...]
        for section in outline.sections {
            while let next = missing.first, isBefore(next.section, section.id) {
                append(missing.removeFirst(), to: &output)
            }
            switch section.id {
            case 5: output.section(5, memorySection())
            case 8: break
            case 10 where countsRefusals: output.section(10, try codeSection(section.content))
            default:
                if let addition = additions.first(where: { $0.section == section.id }) {
                    output.section(section.id, try extended(section.content, by: addition.items))
                } else {
                    output.append(bytes[section.start..<section.content.upperBound])
                }
            }
        }
        for addition in missing { append(addition, to: &output) }
        return output.bytes
    }

    // MARK: Items that are added to sections

    private struct Addition {
        var section: UInt8
        var items: [[UInt8]]
    }

    /// In the order of sections.
    private var additions: [Addition] {
        var additions: [Addition] = []
        let count = growers.count { $0 != nil }
        if countsRefusals {
            // A function from i32 to i32, as `memory.grow` is one.
            additions.append(Addition(section: 1, items: [[0x60, 1, 0x7F, 1, 0x7F]]))
            var type = BinaryWriter()
            type.unsigned(outline.types)
            additions.append(Addition(section: 3, items: [[UInt8]](repeating: type.bytes, count: count)))
            // A mutable i64 that begins with 0.
            additions.append(Addition(section: 6, items: [[0x7E, 0x01, 0x42, 0x00, 0x0B]]))
        }
        if !exports.isEmpty { additions.append(Addition(section: 7, items: exports.map(\.bytes))) }
        return additions
    }

    struct Export {
        var name: String
        var kind: UInt8
        var index: Int

        fileprivate var bytes: [UInt8] {
            var item = BinaryWriter()
            item.vector(Array(name.utf8))
            item.append([kind])
            item.unsigned(index)
            return item.bytes
        }
    }

    /// The exports that are added.
    var exports: [Export] {
        var exports = names.hiddenMemories.map { Export(name: $0.name, kind: 2, index: $0.index) }
        if countsRefusals { exports.append(Export(name: names.refusals, kind: 3, index: outline.globals)) }
        if let start = names.start { exports.append(Export(name: start.name, kind: 0, index: start.index)) }
        return exports
    }

    private func isBefore(_ id: UInt8, _ other: UInt8) -> Bool {
        guard let rank = SectionWalk.order.firstIndex(of: id), let otherRank = SectionWalk.order.firstIndex(of: other)
        else {
            return false
        }
        return rank < otherRank
    }

    private func append(_ addition: Addition, to output: inout BinaryWriter) {
        var content = BinaryWriter()
        content.unsigned(addition.items.count)
        for item in addition.items { content.append(item) }
        output.section(addition.section, content.bytes)
    }

    /// The content of a section with items after those that it has.
    private func extended(_ section: Range<Int>, by items: [[UInt8]]) throws(ModuleBoundsViolation) -> [UInt8] {
        var reader = BinaryReader(bytes, from: section.lowerBound, to: section.upperBound)
        let count = UInt64(try reader.unsigned32("the number of items of a section"))
        var content = BinaryWriter()
        content.unsigned(count + UInt64(items.count))
        content.append(bytes[reader.offset..<section.upperBound])
        for item in items { content.append(item) }
        return content.bytes
    }

    // MARK: Sections that are written anew

    private func memorySection() -> [UInt8] {
        var content = BinaryWriter()
        content.unsigned(shares.count)
        for (memory, share) in zip(outline.memories, shares) {
            content.append([0x01])
            content.unsigned(memory.minimum)
            content.unsigned(share.maximum)
        }
        return content.bytes
    }

    private func codeSection(_ section: Range<Int>) throws(ModuleBoundsViolation) -> [UInt8] {
        var growths = outline.growths.lazy.map { section.lowerBound + Int($0) }.makeIterator()
        var nextGrowth = growths.next()
        var reader = BinaryReader(bytes, from: section.lowerBound, to: section.upperBound)
        let count = UInt64(try reader.unsigned32("the number of function bodies"))
        var content = BinaryWriter()
        content.unsigned(count + UInt64(growers.count { $0 != nil }))
        var copied = reader.offset
        for _ in 0..<count {
            let start = reader.offset
            let size = try reader.unsigned32("the size of a function body")
            let body = reader.offset
            try reader.skip(Int(size), "a function body")
            guard let first = nextGrowth, first < reader.offset else { continue }
            // The bodies before this one, which stay as they are.
            content.append(bytes[copied..<start])
            copied = reader.offset
            var edited = BinaryWriter()
            var done = body
            while let growth = nextGrowth, growth < copied {
                edited.append(bytes[done..<growth])
                done = try call(insteadOf: growth, upTo: copied, &edited)
                nextGrowth = growths.next()
            }
            edited.append(bytes[done..<copied])
            content.vector(edited.bytes)
        }
        content.append(bytes[copied..<section.upperBound])
        for (memory, grower) in growers.enumerated() where grower != nil {
            content.vector(growerBody(outline.importedMemories + memory))
        }
        return content.bytes
    }

    /// Writes the call that replaces the `memory.grow` at `offset`, and answers where that one ends.
    private func call(
        insteadOf offset: Int,
        upTo end: Int,
        _ output: inout BinaryWriter
    ) throws(ModuleBoundsViolation) -> Int {
        var reader = BinaryReader(bytes, from: offset + 1, to: end)
        let memory = Int(try reader.unsigned32("the index of a memory")) - outline.importedMemories
        if growers.indices.contains(memory), let call = growers[memory] {
            output.append(call)
        } else {
            output.append(bytes[offset..<reader.offset])
        }
        return reader.offset
    }

    /// `(func (param i32) (result i32))`, which grows a memory and adds one to the counter where the answer is -1.
    private func growerBody(_ memory: Int) -> [UInt8] {
        var body = BinaryWriter()
        // No locals; local.get 0, memory.grow.
        body.append([0x00, 0x20, 0x00, 0x40])
        body.unsigned(memory)
        // local.tee 0, i32.const -1, i32.eq, if, global.get.
        body.append([0x22, 0x00, 0x41, 0x7F, 0x46, 0x04, 0x40, 0x23])
        body.unsigned(outline.globals)
        // i64.const 1, i64.add, global.set.
        body.append([0x42, 0x01, 0x7C, 0x24])
        body.unsigned(outline.globals)
        // end, local.get 0, end.
        body.append([0x0B, 0x20, 0x00, 0x0B])
        return body.bytes
    }
}
