/// The names under which the host finds the parts of a module that it needs: the module's own, or ones that nothing else has.
struct ExportNames {
    /// For each memory that the module defines.
    private(set) var memories: [String] = []
    /// The memories that are not exported yet, by their index.
    private(set) var hiddenMemories: [(name: String, index: Int)] = []
    /// The start function.
    private(set) var start: (name: String, index: Int)?
    /// For the global that counts refused growth, if there is one.
    private(set) var refusals = ""

    /// How the names begin that the host adds. A module may use them, too; then the host takes others.
    private static let prefix = "airlock:"

    init(_ bytes: [UInt8], _ outline: ModuleOutline) throws(ModuleBoundsViolation) {
        var own = [String?](repeating: nil, count: outline.memories.count)
        var taken: Set<ArraySlice<UInt8>> = []
        if let section = outline.section(7) {
            var reader = BinaryReader(bytes, from: section.content.lowerBound, to: section.content.upperBound)
            for _ in 0..<(try reader.unsigned32("the number of exports")) {
                let length = try reader.unsigned32("the length of a name")
                let start = reader.offset
                try reader.skip(Int(length), "a name")
                let name = bytes[start..<reader.offset]
                let kind = try reader.byte("the kind of an export")
                let index = Int(try reader.unsigned32("an index")) - outline.importedMemories
                if name.starts(with: Self.prefix.utf8) { taken.insert(name) }
                guard kind == 2, own.indices.contains(index) else { continue }
                if own[index] == nil || name.elementsEqual("memory".utf8) {
                    own[index] = String(decoding: name, as: UTF8.self)
                }
            }
        }
        for (memory, name) in own.enumerated() {
            if let name {
                memories.append(name)
            } else {
                let fresh = Self.fresh("memory/\(memory)", besides: &taken)
                memories.append(fresh)
                hiddenMemories.append((fresh, outline.importedMemories + memory))
            }
        }
        refusals = Self.fresh("refused-growth", besides: &taken)
        if let section = outline.section(8) {
            var reader = BinaryReader(bytes, from: section.content.lowerBound, to: section.content.upperBound)
            let index = Int(try reader.unsigned32("the index of the start function"))
            start = (Self.fresh("start", besides: &taken), index)
        }
    }

    private static func fresh(_ wanted: String, besides taken: inout Set<ArraySlice<UInt8>>) -> String {
        var name = prefix + wanted
        var attempt = 1
        while !taken.insert(ArraySlice(name.utf8)).inserted {
            attempt += 1
            name = "\(prefix)\(wanted)#\(attempt)"
        }
        return name
    }
}
