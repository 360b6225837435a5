import WorkerLoop

/// Estimates what one function costs to compile, in the unit of ``ModuleBounds/trackedValuesPerFunction``.
///
/// A value that the compiler has to follow to a place where the control flow joins counts one. It follows the values of a local to the
/// end of a block when the local is set inside of it, once for every branch that goes there. Everything else is counted as so
/// many values as take the same time (``CompileWeight``).
struct CompileEstimate {
    /// What grows with the number of instructions.
    private var linear: UInt64 = 0
    /// How often the control flow splits.
    private var splits: UInt64 = 0
    private var open: [Block] = []
    private var openLoops: UInt64 = 0
    private var handlers: UInt64 = 0
    private var calls: UInt64 = 0
    private var arithmetic: UInt64 = 0
    /// How many values are on the operand stack.
    private var height = 0
    private var setLocals = SetLocals()

    /// A block that is not closed yet.
    private struct Block {
        var isLoop: Bool
        var type: SectionWalk.Signature
        /// How many operands are on the stack below its own.
        var height = 0
        /// How many values a branch to it carries.
        var arity: UInt32 { isLoop ? type.parameters : type.results }
        var branches: UInt64 = 0
        /// The handlers of a `try_table`, and how many calls came before it.
        var handlers: UInt64 = 0
        var callsBefore: UInt64 = 0
    }

    /// How many blocks are open, the function's own included.
    var depth: Int { open.count }

    /// The estimate. What the compiler does for one split takes longer the more there are.
    var values: UInt64 {
        linear
            .addingSaturated(splits.multipliedSaturated(by: splits) / CompileWeight.splitsPerValue)
            .addingSaturated(arithmetic.multipliedSaturated(by: arithmetic) / CompileWeight.arithmeticPerValue)
    }

    mutating func add(_ values: UInt64, times: UInt64 = 1) {
        linear = linear.addingSaturated(values.multipliedSaturated(by: times))
    }

    /// Counts an instruction with the values and the splits that it is worth.
    mutating func add(_ weight: CompileWeight) {
        add(weight.values)
        splits += weight.splits
        arithmetic += weight.arithmetic
    }

    /// Changes the height of the operand stack. Where many values wait on it, each one more costs more.
    mutating func operands(_ effect: Int) {
        height = max(0, height + effect)
        if effect > 0 { add(UInt64(height) / CompileWeight.waitingPerValue) }
    }

    // MARK: Blocks

    /// Opens the block that is the whole function.
    mutating func begin(results: UInt32) {
        push(Block(isLoop: false, type: .init(parameters: 0, results: results)))
    }

    mutating func open(isLoop: Bool, locals: UInt64, _ type: SectionWalk.Signature) {
        if isLoop { openLoops += 1 }
        if isLoop { add(.loop) }
        add(locals + UInt64(type.parameters) + UInt64(type.results), times: isLoop ? 8 * openLoops : 1)
        let below = max(0, height - Int(type.parameters))
        push(Block(isLoop: isLoop, type: type, height: below, callsBefore: calls))
    }

    private mutating func push(_ block: Block) {
        open.append(block)
        setLocals.openBlock()
    }

    /// Says that the innermost block is a `try_table` with handlers for what is called in it.
    mutating func handle(_ count: UInt64) {
        open[open.count - 1].handlers = count
        handlers += count
    }

    /// At an `else`.
    mutating func otherwise() {
        guard let block = open.last else { return }
        height = block.height + Int(block.type.parameters)
    }

    mutating func close() {
        let block = open.removeLast()
        height = block.height + Int(block.type.results)
        if block.isLoop { openLoops -= 1 }
        handlers -= block.handlers
        let set = setLocals.closeBlock()
        // Behind the function's own block no local is read.
        guard !open.isEmpty else { return }
        add(set, times: block.branches)
        add(set, times: block.handlers.multipliedSaturated(by: calls - block.callsBefore))
    }

    // MARK: Instructions

    mutating func set(_ local: UInt32) {
        setLocals.set(local)
    }

    /// A branch to the block that is `label` blocks further out than the innermost one.
    mutating func branch(_ label: Int, _ weight: CompileWeight = .branch) {
        let target = open.count - 1 - label
        open[target].branches += 1
        add(UInt64(open[target].arity))
        add(weight)
    }

    mutating func call(_ callee: SectionWalk.Signature, _ weight: CompileWeight) {
        add(UInt64(callee.parameters) + UInt64(callee.results), times: 8)
        operands(-Int(callee.parameters))
        operands(Int(callee.results))
        call(weight)
    }

    /// Something that leaves the function and may come back by a handler.
    mutating func call(_ weight: CompileWeight) {
        calls += 1
        add(weight)
        add(CompileWeight.handledCall.values, times: handlers)
    }
}
