/// What globals, tables and memories hold at first. The engine copies plain constants; it compiles code for everything else.
extension SectionWalk {
    mutating func globalSection(_ content: inout BinaryReader) throws(ModuleBoundsViolation) {
        let before = inspection.globals
        inspection.globals = try count(of: .globals, bounds.globals, after: before, in: &content)
        for _ in before..<inspection.globals {
            try content.skipValueType()
            try content.skip(1, "the mutability of a global")
            try initialize(try content.constantExpression())
        }
        try requireEnd(of: content, "global")
    }

    mutating func elementSection(_ content: inout BinaryReader) throws(ModuleBoundsViolation) {
        inspection.elementSegments = try count(of: .elementSegments, bounds.elementSegments, in: &content)
        for _ in 0..<inspection.elementSegments {
            let start = content.offset
            // Bit 0: not active. Bit 1: with a table (active) or only declared. Bit 2: expressions instead of functions.
            let flags = try content.unsigned32("the flags of an element segment")
            guard flags <= 7 else {
                throw .malformed(offset: start, expected: "the flags of an element segment (0 to 7)")
            }
            if flags & 3 == 2 { _ = try content.unsigned32("a table index") }
            let steps = flags & 1 == 0 ? try content.constantExpression() : 0
            try initialize(steps)
            if flags & 3 != 0 {
                if flags & 4 != 0 { try content.skipValueType() } else { try content.skip(1, "the kind of elements") }
            }
            for _ in 0..<(try content.unsigned32("the number of elements")) {
                if flags & 4 != 0 {
                    _ = try content.constantExpression()
                    try initialize(1)
                } else {
                    _ = try content.unsigned32("a function index")
                    if steps > 0 { try initialize(1) }
                }
            }
        }
        try requireEnd(of: content, "element")
    }

    mutating func dataSection(_ content: inout BinaryReader) throws(ModuleBoundsViolation) {
        inspection.dataSegments = try count(of: .dataSegments, bounds.dataSegments, in: &content)
        for _ in 0..<inspection.dataSegments {
            let start = content.offset
            let flags = try content.unsigned32("the flags of a data segment")
            guard flags <= 2 else { throw .malformed(offset: start, expected: "the flags of a data segment (0 to 2)") }
            if flags == 2 { _ = try content.unsigned32("a memory index") }
            if flags != 1 { try initialize(try content.constantExpression()) }
            try content.skip(Int(try content.unsigned32("the size of a data segment")), "the bytes of a data segment")
        }
        try requireEnd(of: content, "data")
    }

    mutating func initialize(_ steps: Int) throws(ModuleBoundsViolation) {
        inspection.initializers += steps
        try bounds.require(.initializers, atMost: bounds.initializers, found: UInt64(inspection.initializers))
    }
}
