/// Walks over the locals and instructions of one function body (core specification 3.0, sections 5.4,
/// "Instructions", and 5.5.13, "Code Section") and estimates what it costs to compile.
struct FunctionBodyWalk {
    private let bounds: ModuleBounds
    private let function: Int
    private let types: [SectionWalk.Signature]
    private let functionTypes: [UInt32]
    private var reader: BinaryReader
    private var open: [Block] = []
    private var openLoops: UInt64 = 0

    private(set) var locals: UInt64 = 0
    private(set) var deepest = 0
    private(set) var blocks = 0
    private(set) var branchTargets: UInt64 = 0
    private(set) var trackedValues: UInt64 = 0
    /// Where each `memory.grow` is.
    private(set) var growths: [Int] = []

    /// A block that is not closed yet.
    private struct Block {
        var isLoop: Bool
        /// How many values a branch to it carries.
        var arity: UInt32
    }

    init(
        bounds: ModuleBounds,
        function: Int,
        types: [SectionWalk.Signature],
        functionTypes: [UInt32],
        body: BinaryReader
    ) {
        self.bounds = bounds
        self.function = function
        self.types = types
        self.functionTypes = functionTypes
        reader = body
    }

    mutating func run() throws(ModuleBoundsViolation) {
        let signature = try signature(ofType: functionTypes[function], at: reader.offset)
        try countLocals(parameters: signature.parameters)
        open.append(Block(isLoop: false, arity: signature.results))
        while !open.isEmpty { try instruction() }
        guard reader.isAtEnd else { throw expected("the end of the function body", at: reader.offset) }
    }

    private mutating func countLocals(parameters: UInt32) throws(ModuleBoundsViolation) {
        locals = UInt64(parameters)
        for _ in 0..<(try reader.unsigned32("the number of local declarations")) {
            locals += UInt64(try reader.unsigned32("the number of locals of one type"))
            try bounds.require(.locals, atMost: bounds.locals, found: locals, function: function)
            try reader.skipValueType()
        }
        try bounds.require(.locals, atMost: bounds.locals, found: locals, function: function)
    }

    private mutating func instruction() throws(ModuleBoundsViolation) {
        let start = reader.offset
        let opcode = try reader.byte("an instruction")
        switch opcode {
        case 0x02, 0x04: try openBlock(isLoop: false)
        case 0x03: try openBlock(isLoop: true)
        case 0x0B: closeBlock()
        case 0x0C, 0x0D, 0xD5, 0xD6: try branch()
        case 0x0E: try branchTable()
        case 0x10, 0x12: try call()
        case 0x11, 0x13:
            try callOfType()
            try index()
        case 0x14, 0x15: try callOfType()
        case 0x1C:
            for _ in 0..<(try reader.unsigned32("the number of value types")) { try reader.skipValueType() }
        case 0x1F: try tryTable()
        case 0x00, 0x01, 0x05, 0x0A, 0x0F, 0x1A, 0x1B, 0x45...0xC4, 0xD1, 0xD4: break
        case 0x08, 0x20...0x26, 0x3F, 0xD2: try index()
        case 0x40:
            try index()
            growths.append(start)
        case 0x28...0x3E: try memoryArgument()
        case 0x41: _ = try reader.signed(bits: 32, "an i32 constant")
        case 0x42: _ = try reader.signed(bits: 64, "an i64 constant")
        case 0x43: try reader.skip(4, "an f32 constant")
        case 0x44: try reader.skip(8, "an f64 constant")
        case 0xD0: try reader.skipHeapType()
        case 0xFC: try miscellaneous(at: start)
        case 0xFD: try vector(at: start)
        default: throw expected("an instruction that the engine knows, not 0x\(hex(UInt32(opcode)))", at: start)
        }
    }

    // MARK: Control

    private mutating func openBlock(isLoop: Bool) throws(ModuleBoundsViolation) {
        let type = try blockType()
        blocks += 1
        try bounds.require(.blocks, atMost: bounds.blocks, found: UInt64(blocks), function: function)
        try bounds.require(
            .nestingDepth,
            atMost: bounds.nestingDepth,
            found: UInt64(open.count),
            function: function
        )
        deepest = max(deepest, open.count)
        if isLoop { openLoops += 1 }
        let joins = isLoop ? 8 * openLoops : 1
        try track(locals + UInt64(type.parameters) + UInt64(type.results), times: joins)
        open.append(Block(isLoop: isLoop, arity: isLoop ? type.parameters : type.results))
    }

    private mutating func closeBlock() {
        if open.removeLast().isLoop { openLoops -= 1 }
    }

    private mutating func blockType() throws(ModuleBoundsViolation) -> SectionWalk.Signature {
        let start = reader.offset
        guard let first = reader.peek() else { throw expected("a block type", at: start) }
        if first == 0x40 {
            try reader.skip(1, "a block type")
            return .init(parameters: 0, results: 0)
        }
        if first & 0xC0 == 0x40 {
            try reader.skipValueType()
            return .init(parameters: 0, results: 1)
        }
        let index = try reader.signed(bits: 33, "a block type")
        guard let index = UInt32(exactly: index) else { throw expected("a block type", at: start) }
        return try signature(ofType: index, at: start)
    }

    /// Reads a label and answers how many values a branch to it carries.
    private mutating func label() throws(ModuleBoundsViolation) -> UInt64 {
        let start = reader.offset
        let depth = Int(try reader.unsigned32("a label"))
        guard depth < open.count else { throw expected("a label below \(open.count)", at: start) }
        return UInt64(open[open.count - 1 - depth].arity)
    }

    private mutating func branch() throws(ModuleBoundsViolation) {
        try track(try label())
    }

    private mutating func branchTable() throws(ModuleBoundsViolation) {
        let count = UInt64(try reader.unsigned32("the number of branch targets")) + 1
        branchTargets += count
        try bounds.require(
            .branchTargets,
            atMost: bounds.branchTargets,
            found: branchTargets,
            function: function
        )
        for _ in 0..<count { try branch() }
    }

    private mutating func tryTable() throws(ModuleBoundsViolation) {
        try openBlock(isLoop: false)
        // The handlers' labels are counted from outside the block.
        let inner = open.removeLast()
        for _ in 0..<(try reader.unsigned32("the number of handlers")) {
            let start = reader.offset
            switch try reader.byte("a handler") {
            case 0, 1:
                try index()
                try branch()
            case 2, 3:
                try branch()
            default:
                throw expected("a handler (0 to 3)", at: start)
            }
            try track(locals)
        }
        open.append(inner)
    }

    private mutating func call() throws(ModuleBoundsViolation) {
        let start = reader.offset
        let callee = Int(try reader.unsigned32("a function index"))
        guard callee < functionTypes.count else {
            throw expected("a function index below \(functionTypes.count)", at: start)
        }
        try track(try signature(ofType: functionTypes[callee], at: start))
    }

    private mutating func callOfType() throws(ModuleBoundsViolation) {
        let start = reader.offset
        try track(try signature(ofType: try reader.unsigned32("a type index"), at: start))
    }

    // MARK: Immediates

    private mutating func index() throws(ModuleBoundsViolation) {
        _ = try reader.unsigned32("an index")
    }

    /// Alignment and offset; bit 6 of the alignment says that a memory index is between them.
    private mutating func memoryArgument() throws(ModuleBoundsViolation) {
        if try reader.unsigned32("an alignment") & 0x40 != 0 { try index() }
        _ = try reader.unsigned64("an offset")
    }

    private mutating func miscellaneous(at start: Int) throws(ModuleBoundsViolation) {
        let opcode = try reader.unsigned32("an instruction")
        switch opcode {
        case 0...7: break
        case 9, 11, 13, 15, 16, 17: try index()
        case 8, 10, 12, 14:
            try index()
            try index()
        default: throw expected("an instruction that the engine knows, not 0xfc \(hex(opcode))", at: start)
        }
    }

    private mutating func vector(at start: Int) throws(ModuleBoundsViolation) {
        let opcode = try reader.unsigned32("an instruction")
        switch opcode {
        case 0...11, 92, 93: try memoryArgument()
        case 12, 13: try reader.skip(16, "16 bytes of a vector")
        case 21...34: try reader.skip(1, "a lane")
        case 84...91:
            try memoryArgument()
            try reader.skip(1, "a lane")
        case 14...20, 35...83, 94...275: break
        default: throw expected("an instruction that the engine knows, not 0xfd \(hex(opcode))", at: start)
        }
    }

    // MARK: Accounting

    private func signature(
        ofType index: UInt32,
        at offset: Int
    ) throws(ModuleBoundsViolation) -> SectionWalk.Signature {
        guard index < UInt32(types.count) else { throw expected("a type index below \(types.count)", at: offset) }
        return types[Int(index)]
    }

    private mutating func track(_ callee: SectionWalk.Signature) throws(ModuleBoundsViolation) {
        try track(UInt64(callee.parameters) + UInt64(callee.results), times: 8)
    }

    private mutating func track(_ values: UInt64, times joins: UInt64 = 1) throws(ModuleBoundsViolation) {
        let (product, tooMany) = values.multipliedReportingOverflow(by: joins)
        let (sum, tooHigh) = trackedValues.addingReportingOverflow(product)
        trackedValues = tooMany || tooHigh ? .max : sum
        try bounds.require(
            .trackedValuesPerFunction,
            atMost: bounds.trackedValuesPerFunction,
            found: trackedValues,
            function: function
        )
    }

    private func expected(_ what: String, at offset: Int) -> ModuleBoundsViolation {
        .malformed(offset: offset, expected: "\(what), in function \(function)")
    }

    private func hex(_ value: UInt32) -> String {
        String(value, radix: 16)
    }
}
