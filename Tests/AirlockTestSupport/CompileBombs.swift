package import Airlock
import TestSupport

/// Modules that are valid and small, and that take the compiler from ten seconds to minutes.
package enum CompileBombs {
    /// 21 KB: every local is written inside of many nested loops, so the compiler follows each through each. Takes memory, too.
    package static var localsTimesLoops: [UInt8] { localsTimesLoops(locals: 2_000, depth: 500) }

    /// The same of another size.
    package static func localsTimesLoops(locals: Int, depth: Int) -> [UInt8] {
        var code: [UInt8] = []
        for _ in 0..<depth { code += [0x03, 0x40] }
        for local in 0..<locals {
            let index = WasmBytes.unsigned(local)
            code += [0x20] + index + [0x41, 0x01, 0x6A, 0x21] + index
        }
        for loop in 0..<depth { code += [0x20] + WasmBytes.unsigned(loop % locals) + [0x0D, 0x00, 0x0B] }
        return WasmBytes.module(bodies: [WasmBytes.body(locals: [(UInt64(locals), 0x7F)], code)])
    }

    /// 180 KB: many `br_table` instructions, each with many targets, and locals that change in between. Takes little memory.
    package static var branchTables: [UInt8] {
        let (depth, targets, tables, locals) = (500, 500, 200, 100)
        var code: [UInt8] = []
        for _ in 0..<depth { code += [0x02, 0x40] }
        for table in 0..<tables {
            code += [0x02, 0x40, 0x20] + WasmBytes.unsigned(table % locals) + [0x0E] + WasmBytes.unsigned(targets)
            for target in 0..<targets { code += WasmBytes.unsigned(1 + (target * 7 + table) % depth) }
            code += [0x00, 0x0B, 0x41, UInt8(table % 60), 0x21] + WasmBytes.unsigned(table * 3 % locals)
        }
        for block in 0..<depth { code += [0x0B, 0x20] + WasmBytes.unsigned(block % locals) + [0x1A] }
        return WasmBytes.module(bodies: [WasmBytes.body(locals: [(UInt64(locals), 0x7F)], code)])
    }

    /// 80 KB: forty thousand times `memory.grow`, each of which may call the engine.
    package static var memoryGrowth: [UInt8] {
        WasmBytes.module(
            types: [WasmBytes.functionType(parameters: 1, results: 1)],
            between: WasmBytes.section(5, items: [[0x01, 0x01, 0x02]]),
            bodies: [WasmBytes.body([0x20, 0x00] + WasmBytes.repeated([0x40, 0x00], 40_000))]
        )
    }

    /// 96 KB: four thousand branches to the end of one block, at which as many locals join.
    package static var branchesTimesLocals: [UInt8] {
        WasmBytes.module(
            types: [WasmBytes.functionType(parameters: 1, results: 1)],
            bodies: [WasmBytes.body(locals: [(4_000, 0x7F)], branches(4_000, locals: 4_000))]
        )
    }

    /// Locals that are set before and between branches to the end of one block.
    package static func branches(_ count: Int, locals: Int) -> [UInt8] {
        let read: [UInt8] = [0x20, 0x00]
        var sets: [UInt8] = []
        var reads: [UInt8] = []
        for local in 1..<locals {
            let index = WasmBytes.unsigned(local)
            sets += read + [0x41, UInt8(local % 60), 0x6A, 0x21] + index
            reads += [0x20] + index + [0x6A]
        }
        let half = WasmBytes.repeated(read + [0x0D, 0x00], count / 2)
        var code = sets
        code += [0x02, 0x40] + half
        code += sets + half
        code += [0x0B] + read
        return code + reads
    }

    /// Limits whose bounds let them reach the compiler.
    package static var admitting: PluginLimits {
        var limits = PluginLimits()
        limits.module.nestingDepth = .max
        limits.module.branchTargets = .max
        limits.module.trackedValuesPerFunction = .max
        limits.module.trackedValues = .max
        return limits
    }
}
