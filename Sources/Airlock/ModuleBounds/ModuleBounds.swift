/// What an untrusted module may hold at most before it is handed to the engine's compiler.
///
/// Compiling is the one step at which a plugin costs the host before any fuel, memory limit or deadline applies: a
/// module of a few kilobytes can be written so that it takes a minute and gigabytes to compile, and the engine has no
/// way to stop a compilation. So the host reads the module itself first, in one pass and in time in proportion to its
/// bytes, and refuses what is out of bounds.
///
///     let bounds = ModuleBounds()
///     let inspection = try bounds.check(bytes)
///
/// The defaults admit modules that today's toolchains write for whole programs: several megabytes of code in
/// thousands of functions. A host whose plugins are small can set far lower ones.
///
/// The check reads the binary format of the WebAssembly core specification 3.0, chapter 5, without the proposals
/// that the engine has off by default (threads, garbage collection, custom page sizes). It is not validation: a
/// module inside the bounds may still be refused by the engine.
public struct ModuleBounds: Sendable, Hashable {
    /// The size of the whole module, in bytes.
    public var moduleBytes = 32 << 20

    /// The number of function types.
    public var types = 10_000

    /// The parameters of one function type, and separately its results.
    public var parametersOrResults = 200

    /// The number of imports of all kinds.
    public var imports = 1_000

    /// The number of functions that the module defines.
    public var functions = 100_000

    /// The number of tables, imported ones included.
    public var tables = 16

    /// The number of linear memories, imported ones included.
    public var memories = 1

    /// The size with which a linear memory starts, in pages of 64 KiB.
    public var initialMemoryPages = 4_096

    /// The number of tags (exception types), imported ones included.
    public var tags = 100

    /// The number of globals, imported ones included.
    public var globals = 10_000

    /// The number of exports.
    public var exports = 10_000

    /// The number of element segments.
    public var elementSegments = 10_000

    /// The number of data segments.
    public var dataSegments = 500_000

    /// The steps by which globals, tables and memories get their first contents where those are no plain constants: the
    /// instructions of such expressions, every element that is given as an expression, and every element of a segment whose place
    /// is computed. The engine compiles each of them: 5,000 took about a second, 300,000 in a module of 0.3 MB 18 s.
    public var initializers = 5_000

    /// The size of all function bodies together, in bytes.
    public var codeBytes = 16 << 20

    /// The size of one function's body, in bytes.
    public var functionBodyBytes = 512 << 10

    /// The parameters and local variables of one function.
    public var locals = 5_000

    /// How deep blocks, loops, conditions and handlers of one function are nested.
    public var nestingDepth = 10_000

    /// The blocks, loops, conditions and handlers of one function.
    public var blocks = 10_000

    /// The targets of all `br_table` instructions of one function.
    public var branchTargets = 20_000

    /// The values that the compiler has to follow through one function, estimated: its locals at every place where
    /// the control flow joins (a loop counts for eight joins times its depth among loops), the locals that are set in a block once for
    /// every branch to its end, the values that branches carry, and eight times the values that go in and out of calls.
    ///
    /// What else is slow to compile counts as so many values: branches, calls, growing and changing memories and tables, integer
    /// arithmetic, handlers times the calls in them, operands that wait on a deep stack. The cost of branches, of what
    /// may call the engine, of arithmetic and of waiting operands grows with the square of their number in a function.
    ///
    /// This is what makes a small module slow to compile. Measured on one core of a busy machine, functions of one such thing took
    /// 0.5 to 1.5 seconds at the default: 3,600 `memory.grow`, 7,300 `br_if`, 6,600 `table.get`, 1,000 locals that join from
    /// 1,000 branches. Without the bound, 40,000 `memory.grow` (80 KB) took 32 s. The costliest functions of programs in C, C++, Zig
    /// and Go stay below a third of it.
    public var trackedValuesPerFunction = 1_000_000

    /// The sum of ``trackedValuesPerFunction`` over all functions. A program in Go of 9.6 MB has less than a third of it and takes
    /// 9 s to compile. A module written for it can take longer than a compiler process may.
    public var trackedValues = 36_000_000

    /// The default bounds.
    public init() {}

    /// Checks the binary form of a module against these bounds.
    ///
    /// It allocates in proportion to the bytes that are there, never to a count that they claim, and stops at
    /// the first violation.
    ///
    /// - Parameter bytes: the module in binary form, as it would be given to the engine.
    /// - Returns: what was counted.
    /// - Throws: ``ModuleBoundsViolation/exceeded(_:allowed:found:function:)`` when a bound is passed, and
    ///   ``ModuleBoundsViolation/malformed(offset:expected:)`` when the bytes are not a core module.
    @discardableResult
    public func check(_ bytes: [UInt8]) throws(ModuleBoundsViolation) -> ModuleInspection {
        try walk(bytes).inspection
    }

    func walk(_ bytes: [UInt8]) throws(ModuleBoundsViolation) -> SectionWalk {
        try require(.moduleBytes, atMost: moduleBytes, found: UInt64(bytes.count))
        var walk = SectionWalk(bounds: self, bytes: bytes)
        try walk.run()
        return walk
    }

    func require(
        _ bound: ModuleBoundsViolation.Bound,
        atMost allowed: Int,
        found: UInt64,
        function: Int? = nil
    ) throws(ModuleBoundsViolation) {
        let allowed = UInt64(max(allowed, 0))
        guard found > allowed else { return }
        throw .exceeded(bound, allowed: allowed, found: found, function: function)
    }
}
