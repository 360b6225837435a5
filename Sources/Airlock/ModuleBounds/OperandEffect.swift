/// How many values an instruction leaves on the operand stack beyond those that it takes. Calls and blocks, whose effect depends on
/// their types, are left out.
enum OperandEffect {
    static func ofInstruction(_ opcode: UInt8) -> Int {
        switch opcode {
        // local.get, global.get, memory.size, constants, ref.null, ref.func.
        case 0x20, 0x23, 0x3F, 0x41...0x44, 0xD0, 0xD2: 1
        // if, br_if, br_table, throw, drop, local.set, global.set, indirect calls.
        case 0x04, 0x0D, 0x0E, 0x11, 0x13...0x15, 0x1A, 0x21, 0x24: -1
        // select, stores, table.set.
        case 0x1B, 0x1C, 0x26, 0x36...0x3E: -2
        // Comparisons and arithmetic with two operands.
        case 0x46...0x4F, 0x51...0x66, 0x6A...0x78, 0x7C...0x8A, 0x92...0x98, 0xA0...0xA6: -1
        default: 0
        }
    }

    /// After the prefix 0xFC.
    static func ofMiscellaneous(_ opcode: UInt32) -> Int {
        switch opcode {
        case 8, 10, 11, 12, 14, 17: -3
        case 15: -1
        case 16: 1
        default: 0
        }
    }

    /// After the prefix 0xFD.
    static func ofVector(_ opcode: UInt32) -> Int {
        switch opcode {
        case 12: 1
        case 11, 82, 88...91: -2
        case 13, 14, 23, 26, 28, 30, 32, 34...76, 78...81, 84...87: -1
        case 94...275 where !vectorsOfOneOperand.contains(opcode): -1
        default: 0
        }
    }

    /// Among 94 to 275.
    private static let vectorsOfOneOperand = Set<UInt32>(
        [
            94...100, 103...106, 116...117, 122...122, 124...129, 131...132, 135...138, 148...148, 160...161, 163...164,
            167...170, 192...193, 195...196, 199...202, 224...225, 227...227, 236...237, 239...239, 248...255,
            257...260,
        ].joined())
}
