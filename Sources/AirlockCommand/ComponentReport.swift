/// What the outermost sections of a component say. Nothing in it is believed: it is shown, and the component is refused.
struct ComponentReport: Encodable {
    /// The sections of one kind together.
    struct Section: Encodable {
        var name: String
        var count: Int
        var bytes: Int
    }

    /// The memory that it would have, which a host cannot know: a component keeps its memories to itself, so that they could be neither
    /// held to a limit of the plugin nor reported.
    var memory = "unknown"
    /// In the order in which they first appear.
    var sections: [Section] = []
    /// Where it ends too early or makes no sense; absent where it does not.
    var damage: String?

    private static let names = [
        "custom section", "core module", "core instance", "core type", "component", "instance", "alias", "type",
        "canonical function", "start", "import", "export", "value",
    ]

    init(_ bytes: [UInt8]) {
        var offset = 8
        while offset < bytes.count {
            let start = offset
            let id = Int(bytes[offset])
            offset += 1
            guard id < Self.names.count else {
                damage =
                    "at byte \(start): expected a section, which has a number up to \(Self.names.count - 1), came \(id)"
                return
            }
            guard let size = Self.size(in: bytes, at: &offset), size <= bytes.count - offset else {
                damage = "at byte \(start): expected all of a section (\(Self.names[id])), came the end of the file"
                return
            }
            offset += size
            add(Self.names[id], bytes: size)
        }
    }

    private mutating func add(_ name: String, bytes: Int) {
        if let index = sections.firstIndex(where: { $0.name == name }) {
            sections[index].count += 1
            sections[index].bytes += bytes
        } else {
            sections.append(Section(name: name, count: 1, bytes: bytes))
        }
    }

    /// An unsigned number of at most 32 bits (LEB128); nil where there is none.
    private static func size(in bytes: [UInt8], at offset: inout Int) -> Int? {
        var value = 0
        for shift in stride(from: 0, to: 35, by: 7) where offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            value |= Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value <= Int(UInt32.max) ? value : nil }
        }
        return nil
    }
}
