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
    /// For each local, the index in `open` of the innermost block that lists it, or -1. Grows up to the highest local that is set.
    private(set) var innermost: [Int32]

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
        /// The locals that are set in it, each once, with the index of the next block further out that lists the local.
        var set: [(local: Int, outer: Int32)] = []
    }

    /// - Parameter innermost: what ``innermost`` was after the function before, for its memory; empty for the first.
    init(reusing innermost: [Int32]) {
        self.innermost = innermost
    }

    /// How many blocks are open, the function's own included.
    var depth: Int { open.count }

    /// The estimate. What the compiler does for one split takes longer the more there are.
    var values: UInt64 {
        // Instructions are no more than the bytes of the module, which have 32 bits at most: squares cannot overflow.
        let growing =
            splits * splits / CompileWeight.splitsPerValue + arithmetic * arithmetic / CompileWeight.arithmeticPerValue
        let (sum, tooHigh) = linear.addingReportingOverflow(growing)
        return tooHigh ? .max : sum
    }

    mutating func add(_ values: UInt64, times: UInt64 = 1) {
        let (product, tooMany) = values.multipliedReportingOverflow(by: times)
        let (sum, tooHigh) = linear.addingReportingOverflow(product)
        linear = tooMany || tooHigh ? .max : sum
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
        open.append(Block(isLoop: false, type: .init(parameters: 0, results: results)))
    }

    mutating func open(isLoop: Bool, locals: UInt64, _ type: SectionWalk.Signature) {
        if isLoop { openLoops += 1 }
        if isLoop { add(.loop) }
        add(locals + UInt64(type.parameters) + UInt64(type.results), times: isLoop ? 8 * openLoops : 1)
        let below = max(0, height - Int(type.parameters))
        open.append(Block(isLoop: isLoop, type: type, height: below, callsBefore: calls))
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
        guard !open.isEmpty else {
            // Behind the function's own block no local is read.
            for (local, _) in block.set where local < innermost.count { innermost[local] = -1 }
            return
        }
        let caught = block.handlers.multipliedReportingOverflow(by: calls - block.callsBefore)
        add(UInt64(block.set.count), times: block.branches)
        add(UInt64(block.set.count), times: caught.overflow ? .max : caught.partialValue)
        let parent = open.count - 1
        for (local, outer) in block.set {
            guard local < innermost.count else {
                open[parent].set.append((local, outer))
                continue
            }
            if Int(outer) != parent { open[parent].set.append((local, outer)) }
            innermost[local] = Int32(truncatingIfNeeded: parent)
        }
    }

    // MARK: Instructions

    mutating func set(_ local: UInt32) {
        let local = Int(local)
        let block = open.count - 1
        guard local < Self.mostLocals else {
            // Counted each time it is set.
            open[block].set.append((local, -1))
            return
        }
        if local >= innermost.count {
            innermost.append(contentsOf: repeatElement(-1, count: local + 1 - innermost.count))
        }
        guard Int(innermost[local]) != block else { return }
        open[block].set.append((local, innermost[local]))
        innermost[local] = Int32(truncatingIfNeeded: block)
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

    /// Locals from here on are not told apart. A module has fewer within the default bounds.
    private static let mostLocals = 65_536
}
