/// What one instruction costs to compile: the tracked values that take as long, and what costs more the more of it is in one function.
///
/// Measured with Wasmtime 50 on functions of nothing else. An instruction that may call the engine, or that has to look whether something
/// is there already, splits the control flow as a branch does.
struct CompileWeight {
    var values: UInt64
    /// How often it splits the control flow.
    var splits: UInt64 = 0
    /// Whether it is arithmetic (1 or more) that the compiler looks for cheaper forms of.
    var arithmetic: UInt64 = 0

    /// The square of a function's splits, divided by this, is what they cost in tracked values.
    static let splitsPerValue: UInt64 = 64
    /// The same for arithmetic.
    static let arithmeticPerValue: UInt64 = 1_024
    /// An operand costs what waits on the stack below it, divided by this.
    static let waitingPerValue: UInt64 = 32

    static let condition = CompileWeight(values: 12, splits: 1)
    static let loop = CompileWeight(values: 12, splits: 1)
    static let branch = CompileWeight(values: 12, splits: 1)
    /// One target of a `br_table`.
    static let branchTarget = CompileWeight(values: 12)
    static let call = CompileWeight(values: 8)
    static let indirectCall = CompileWeight(values: 16, splits: 1)
    /// A call or throw, for each handler that is around it.
    static let handledCall = CompileWeight(values: 128)
    static let memoryGrow = CompileWeight(values: 48, splits: 2)
    /// `table.get`, `table.set`, `table.grow` and what changes many elements.
    static let table = CompileWeight(values: 48, splits: 1)
    /// `memory.fill`, `memory.copy`, `memory.init`, `data.drop`, `elem.drop`, `ref.func`.
    static let bulk = CompileWeight(values: 32)
    /// Integer arithmetic with two operands.
    static let arithmetic = CompileWeight(values: 8, arithmetic: 1)
    static let rotation = CompileWeight(values: 32, arithmetic: 2)
}
