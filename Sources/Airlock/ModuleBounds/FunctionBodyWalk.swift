/// Walks over the locals and instructions of one function body (core specification 3.0, sections 5.4,
/// "Instructions", and 5.5.13, "Code Section") and estimates what it costs to compile.
struct FunctionBodyWalk {
    private let bounds: ModuleBounds
    private let function: Int
    private let types: [SectionWalk.Signature]
    private let functionTypes: [UInt32]
    private var reader: BinaryReader
    private var estimate = CompileEstimate()

    private(set) var locals: UInt64 = 0
    private(set) var deepest = 0
    private(set) var blocks = 0
    private(set) var branchTargets: UInt64 = 0
    /// Where each `memory.grow` is.
    private(set) var growths: [Int] = []

    /// What the function costs to compile, as estimated.
    var trackedValues: UInt64 { estimate.values }

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
        estimate.begin(results: signature.results)
        while estimate.depth > 0 {
            try instruction()
            try bounds.require(
                .trackedValuesPerFunction,
                atMost: bounds.trackedValuesPerFunction,
                found: estimate.values,
                function: function
            )
        }
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
        estimate.operands(OperandEffect.ofInstruction(opcode))
        switch opcode {
        case 0x02: try openBlock(isLoop: false)
        case 0x04:
            estimate.add(.condition)
            try openBlock(isLoop: false)
        case 0x03: try openBlock(isLoop: true)
        case 0x05: estimate.otherwise()
        case 0x0B: estimate.close()
        case 0x0C, 0x0D, 0xD5, 0xD6: try branch()
        case 0x0F: estimate.branch(estimate.depth - 1)
        case 0x0E: try branchTable()
        case 0x10, 0x12: try call()
        case 0x08, 0x0A:
            if opcode == 0x08 { try index() }
            estimate.call(.call)
        case 0x11, 0x13:
            try callOfType()
            try index()
        case 0x14, 0x15: try callOfType()
        case 0x1C:
            for _ in 0..<(try reader.unsigned32("the number of value types")) { try reader.skipValueType() }
        case 0x1F: try tryTable()
        case 0x6A...0x76, 0x7C...0x88: estimate.add(.arithmetic)
        case 0x77, 0x78, 0x89, 0x8A: estimate.add(.rotation)
        case 0x00, 0x01, 0x1A, 0x1B, 0x45...0xC4, 0xD1, 0xD4: break
        case 0x20, 0x23, 0x24, 0x3F: try index()
        case 0x21, 0x22: try setLocal()
        case 0x25, 0x26:
            try index()
            estimate.call(.table)
        case 0xD2:
            try index()
            estimate.call(.bulk)
        case 0x40:
            try index()
            growths.append(start)
            estimate.call(.memoryGrow)
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

    private mutating func setLocal() throws(ModuleBoundsViolation) {
        let start = reader.offset
        let local = try reader.unsigned32("a local")
        guard UInt64(local) < locals else { throw expected("a local below \(locals)", at: start) }
        estimate.set(local)
    }

    // MARK: Control

    private mutating func openBlock(isLoop: Bool) throws(ModuleBoundsViolation) {
        estimate.open(isLoop: isLoop, locals: locals, try countBlock())
    }

    private mutating func countBlock() throws(ModuleBoundsViolation) -> SectionWalk.Signature {
        let type = try blockType()
        blocks += 1
        try bounds.require(.blocks, atMost: bounds.blocks, found: UInt64(blocks), function: function)
        try bounds.require(
            .nestingDepth,
            atMost: bounds.nestingDepth,
            found: UInt64(estimate.depth),
            function: function
        )
        deepest = max(deepest, estimate.depth)
        return type
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

    private mutating func branch(_ weight: CompileWeight = .branch) throws(ModuleBoundsViolation) {
        let start = reader.offset
        let label = Int(try reader.unsigned32("a label"))
        guard label < estimate.depth else { throw expected("a label below \(estimate.depth)", at: start) }
        estimate.branch(label, weight)
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
        for _ in 0..<count { try branch(.branchTarget) }
    }

    private mutating func tryTable() throws(ModuleBoundsViolation) {
        let type = try countBlock()
        // The handlers' labels are counted from outside the block.
        let handlers = try reader.unsigned32("the number of handlers")
        for _ in 0..<handlers {
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
            estimate.add(locals)
        }
        estimate.open(isLoop: false, locals: locals, type)
        estimate.handle(UInt64(handlers))
    }

    private mutating func call() throws(ModuleBoundsViolation) {
        let start = reader.offset
        let callee = Int(try reader.unsigned32("a function index"))
        guard callee < functionTypes.count else {
            throw expected("a function index below \(functionTypes.count)", at: start)
        }
        estimate.call(try signature(ofType: functionTypes[callee], at: start), .call)
    }

    private mutating func callOfType() throws(ModuleBoundsViolation) {
        let start = reader.offset
        let type = try signature(ofType: try reader.unsigned32("a type index"), at: start)
        estimate.call(type, .indirectCall)
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
        estimate.operands(OperandEffect.ofMiscellaneous(opcode))
        switch opcode {
        case 0...7: break
        case 16: try index()
        case 9, 11, 13:
            try index()
            estimate.call(.bulk)
        case 8, 10:
            try index()
            try index()
            estimate.call(.bulk)
        case 12, 14:
            try index()
            try index()
            estimate.call(.table)
        case 15:
            try index()
            estimate.call(.table)
        case 17:
            try index()
            estimate.call(.table)
        default: throw expected("an instruction that the engine knows, not 0xfc \(hex(opcode))", at: start)
        }
    }

    private mutating func vector(at start: Int) throws(ModuleBoundsViolation) {
        let opcode = try reader.unsigned32("an instruction")
        estimate.operands(OperandEffect.ofVector(opcode))
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

    private func expected(_ what: String, at offset: Int) -> ModuleBoundsViolation {
        .malformed(offset: offset, expected: "\(what), in function \(function)")
    }

    private func hex(_ value: UInt32) -> String {
        String(value, radix: 16)
    }
}
