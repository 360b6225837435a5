import Wasmtime

/// The type of a table in a module's bytes.
struct TableType {
    var element: ValueType
    var limits: ModuleOutline.Limits

    var item: ModuleContents.Item { .table(element, minimum: limits.minimum, maximum: limits.maximum) }
}

extension BinaryReader {
    /// The magic number and the version of a core module (section 5.5.15).
    mutating func modulePreamble() throws(ModuleBoundsViolation) {
        for expected: UInt8 in [0x00, 0x61, 0x73, 0x6D] where try byte("the magic number \\0asm") != expected {
            throw .malformed(offset: 0, expected: "the magic number \\0asm")
        }
        for expected: UInt8 in [0x01, 0x00, 0x00, 0x00] where try byte("version 1") != expected {
            throw .malformed(offset: 4, expected: "version 1 of a core module")
        }
    }

    /// The next section: where it starts, its identifier and its content (section 5.5.2).
    mutating func section() throws(ModuleBoundsViolation) -> (start: Int, id: UInt8, content: BinaryReader) {
        let start = offset
        let id = try byte("a section")
        let size = try unsigned32("the size of a section")
        return (start, id, try range(of: size, "the content of section \(id)"))
    }

    /// A name: a length and as many bytes of UTF-8.
    mutating func name(_ what: @autoclosure () -> String) throws(ModuleBoundsViolation) -> String {
        let length = try unsigned32("the length of a name")
        let start = offset
        try skip(Int(length), what())
        guard let name = String(validating: bytes[start..<offset], as: UTF8.self) else {
            throw malformed(at: start, expected: "\(what()) in UTF-8")
        }
        return name
    }

    /// A function type (section 5.3.6).
    mutating func functionType(_ bounds: ModuleBounds) throws(ModuleBoundsViolation) -> FunctionType {
        let start = offset
        guard try byte("a function type") == 0x60 else {
            throw malformed(at: start, expected: "a function type (0x60)")
        }
        return FunctionType(parameters: try valueTypes(bounds), results: try valueTypes(bounds))
    }

    private mutating func valueTypes(_ bounds: ModuleBounds) throws(ModuleBoundsViolation) -> [ValueType] {
        let count = try unsigned32("the number of value types")
        try bounds.require(.parametersOrResults, atMost: bounds.parametersOrResults, found: UInt64(count))
        var types: [ValueType] = []
        for _ in 0..<count { types.append(try valueType()) }
        return types
    }

    /// A value type (section 5.3.4).
    mutating func valueType() throws(ModuleBoundsViolation) -> ValueType {
        let start = offset
        switch try byte("a value type") {
        case 0x7F: return .i32
        case 0x7E: return .i64
        case 0x7D: return .f32
        case 0x7C: return .f64
        case 0x7B: return .v128
        case 0x63: return .reference(ReferenceType(isNullable: true, heapType: try heapType()))
        case 0x64: return .reference(ReferenceType(isNullable: false, heapType: try heapType()))
        case let code:
            guard let type = Self.heapTypes[code] else { throw malformed(at: start, expected: "a value type") }
            return .reference(ReferenceType(isNullable: true, heapType: type))
        }
    }

    private mutating func heapType() throws(ModuleBoundsViolation) -> ReferenceType.HeapType {
        let value = try signed(bits: 33, "a heap type")
        // An abstract heap type is one byte, read as a negative number; any other number is the index of a type.
        return value < 0 ? Self.heapTypes[UInt8(truncatingIfNeeded: value & 0x7F)] ?? .unknown : .definedFunction
    }

    private static let heapTypes: [UInt8: ReferenceType.HeapType] = [
        0x74: .noException, 0x73: .noFunction, 0x72: .noExternal, 0x71: .none, 0x70: .function, 0x6F: .external,
        0x6E: .any,
        0x6D: .equatable, 0x6C: .i31, 0x6B: .structure, 0x6A: .array, 0x69: .exception,
    ]

    /// A memory type (section 5.3.8).
    mutating func memory() throws(ModuleBoundsViolation) -> ModuleContents.Memory {
        let limits = try limits()
        return ModuleContents.Memory(
            minimum: limits.minimum,
            maximum: limits.maximum,
            isShared: limits.flags & 2 != 0,
            is64Bit: limits.flags & 4 != 0
        )
    }

    /// A table type (section 5.3.9).
    mutating func table() throws(ModuleBoundsViolation) -> TableType {
        TableType(element: try valueType(), limits: try limits())
    }

    /// A table of the table section: a type, which an expression for the elements may follow (section 5.5.7).
    mutating func definedTable() throws(ModuleBoundsViolation) -> TableType {
        guard peek() == 0x40 else { return try table() }
        try skip(2, "the begin of a table with an expression")
        let table = try table()
        try skipConstantExpression()
        return table
    }

    /// A global type (section 5.3.10).
    mutating func global() throws(ModuleBoundsViolation) -> ModuleContents.Item {
        let type = try valueType()
        return .global(type, isMutable: try byte("the mutability of a global") != 0)
    }

    /// Flags (1 with a maximum, 2 shared, 4 of 64 bits) and sizes.
    mutating func limits() throws(ModuleBoundsViolation) -> ModuleOutline.Limits {
        let start = offset
        let flags = try byte("the flags of limits")
        guard flags <= 7 else { throw malformed(at: start, expected: "the flags of limits (0 to 7)") }
        let minimum = try unsigned64("a minimum")
        let maximum = flags & 1 != 0 ? try unsigned64("a maximum") : nil
        return ModuleOutline.Limits(offset: start, flags: flags, minimum: minimum, maximum: maximum)
    }

    /// The instructions of a constant expression (section 3.4.13) up to its end.
    mutating func skipConstantExpression() throws(ModuleBoundsViolation) {
        _ = try constantExpression()
    }

    /// Reads a constant expression up to its end, and answers how many instructions it has; 0 where it is one plain constant.
    mutating func constantExpression() throws(ModuleBoundsViolation) -> Int {
        var count = 0
        var isPlain = true
        while true {
            let start = offset
            let opcode = try byte("a constant expression")
            if opcode != 0x0B { count += 1 }
            if opcode == 0x23 || opcode == 0xD2 { isPlain = false }
            switch opcode {
            case 0x0B: return isPlain && count <= 1 ? 0 : count
            case 0x23, 0xD2: _ = try unsigned32("an index")
            case 0x41: _ = try signed(bits: 32, "an i32 constant")
            case 0x42: _ = try signed(bits: 64, "an i64 constant")
            case 0x43: try skip(4, "an f32 constant")
            case 0x44: try skip(8, "an f64 constant")
            case 0x6A...0x6C, 0x7C...0x7E: break
            case 0xD0: try skipHeapType()
            case 0xFD:
                guard try unsigned32("an instruction") == 12 else {
                    throw malformed(at: start, expected: "a constant instruction")
                }
                try skip(16, "16 bytes of a vector")
            default: throw malformed(at: start, expected: "a constant instruction")
            }
        }
    }
}
