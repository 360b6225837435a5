import Airlock
import AirlockTestSupport
import TestSupport
import Testing
import Wasmtime

@Suite("Module bounds: small modules that are slow to compile")
struct CompileCostTests {
    typealias Wasm = WasmBytes

    static let read: [UInt8] = [0x20, 0x00]

    /// Bodies of one function from i32 to i32, in a module with a memory, two tables and a hundred tags.
    static let bombs: [Bomb] = [
        Bomb("memory.grow", [0x40, 0x00], 40_000, begin: read, end: []),
        Bomb("table.grow", [0xD0, 0x70, 0x41, 0x00, 0xFC, 0x0F, 0x00, 0x1A], 40_000),
        Bomb("table.get", [0x41, 0x00, 0x25, 0x00, 0x1A], 20_000),
        Bomb("table.set", [0x41, 0x00, 0xD0, 0x6F, 0x26, 0x01], 20_000),
        Bomb("table.copy", [0x41, 0x00, 0x41, 0x00, 0x41, 0x00, 0xFC, 0x0E, 0x00, 0x00], 20_000),
        Bomb("call_indirect", [0x41, 0x00, 0x11, 0x00, 0x00], 20_000, begin: read, end: []),
        Bomb("call", [0x10, 0x00], 250_000, begin: read, end: []),
        Bomb("br_if", [0x20, 0x00, 0x20, 0x00, 0x0D, 0x00, 0x1A], 40_000),
        Bomb("br_on_null", [0xD0, 0x70, 0xD5, 0x00, 0x1A], 40_000, begin: [0x02, 0x40], end: [0x0B] + read),
        Bomb("return", [0x20, 0x00, 0x04, 0x40, 0x20, 0x00, 0x0F, 0x0B], 10_000),
        Bomb("loop", [0x03, 0x40, 0x20, 0x00, 0x0D, 0x00, 0x0B], 10_000),
        Bomb("i32.add", [0x41, 0x07, 0x6A], 160_000, begin: read, end: []),
        Bomb("i32.rotl", [0x20, 0x00, 0x77], 120_000, begin: read, end: []),
        Bomb(
            "operands", [0x20, 0x00, 0x41, 0x03, 0x6C, 0x22, 0x00], 20_000,
            end: [UInt8](repeating: 0x6A, count: 19_999)),
        Bomb("br_if and locals", CompileBombs.branches(4_000, locals: 4_000), 1, locals: 4_000, end: []),
        Bomb("handlers", handlers(1_000, calls: 100), 1, end: []),
    ]

    struct Bomb {
        var name: String
        var locals: Int
        var code: [UInt8]

        init(
            _ name: String,
            _ part: [UInt8],
            _ count: Int,
            locals: Int = 0,
            begin: [UInt8] = [],
            end: [UInt8] = CompileCostTests.read
        ) {
            self.name = name
            self.locals = locals
            code = begin + WasmBytes.repeated(part, count) + end
        }
    }

    private static func handlers(_ count: Int, calls: Int) -> [UInt8] {
        var code: [UInt8] = [0x02, 0x40, 0x1F, 0x40]
        code += Wasm.unsigned(count)
        for handler in 0..<count { code += [0x00, UInt8(handler % 100), 0x00] }
        code += Wasm.repeated(read + [0x10, 0x00, 0x1A], calls)
        return code + [0x0B, 0x0B] + read
    }

    private static func module(locals: Int, _ code: [UInt8]) -> [UInt8] {
        let types = [Wasm.functionType(parameters: 1, results: 1), Wasm.functionType()]
        let declared: [(count: UInt64, type: UInt8)] = [(UInt64(locals), 0x7F)]
        var module = Wasm.preamble + Wasm.section(1, items: types)
        module += Wasm.section(3, items: [[0]])
        module += Wasm.section(4, items: [[0x70, 0x00, 0x0A], [0x6F, 0x00, 0x0A]])
        module += Wasm.section(5, items: [[0x01, 0x01, 0x64]])
        module += Wasm.section(13, items: [[UInt8]](repeating: [0x00, 0x01], count: 100))
        module += Wasm.section(10, items: [Wasm.body(locals: declared, code)])
        return module
    }

    private func bound(_ module: [UInt8]) throws -> String {
        let error = #expect(throws: ModuleBoundsViolation.self) { try ModuleBounds().check(module) }
        guard case .exceeded(let bound, _, _, _) = try #require(error) else {
            Issue.record("\(String(describing: error))")
            return ""
        }
        return bound.name
    }

    @Test("a function of nothing but one slow thing is refused, though it is valid", arguments: bombs.indices)
    func functions(index: Int) throws {
        let bomb = Self.bombs[index]
        let module = Self.module(locals: bomb.locals, bomb.code)
        try Module.validate(module, engine: Engine())
        #expect(try bound(module) == "trackedValuesPerFunction", "\(bomb.name)")
    }

    @Test("branches cost the locals that are set in the block that they leave, and no others")
    func joinedLocals() throws {
        func values(_ code: [UInt8]) throws -> UInt64 {
            try ModuleBounds().check(Self.module(locals: 9, code + Self.read)).mostTrackedValues
        }
        let set: [UInt8] = Self.read + [0x21, 0x01]
        let branch: [UInt8] = Self.read + [0x0D, 0x00]
        let block: [UInt8] = [0x02, 0x40]
        let outside = try values(set + block + branch + branch + [0x0B])
        #expect(try values(block + branch + branch + set + set + [0x0B]) == outside + 2)
        #expect(try values(block + block + set + [0x0B] + branch + branch + [0x0B]) == outside + 10 + 2)
        // The inner block's branch goes out of both, so that the local joins there alone.
        let outer: [UInt8] = Self.read + [0x0D, 0x01]
        #expect(try values(block + block + set + outer + [0x0B] + branch + [0x0B]) == outside + 10 + 2)
    }

    @Test("a local that is set in nested blocks and around them counts once for each block that a branch leaves")
    func nestedLocals() throws {
        func values(_ code: [UInt8]) throws -> UInt64 {
            try ModuleBounds().check(Self.module(locals: 9, code + Self.read)).mostTrackedValues
        }
        func set(_ local: UInt8) -> [UInt8] { Self.read + [0x21, local] }
        func branch(_ label: UInt8) -> [UInt8] { Self.read + [0x0D, label] }
        let block: [UInt8] = [0x02, 0x40]
        let end: [UInt8] = [0x0B]
        let plain = try values(block + block + branch(0) + branch(1) + end + block + branch(0) + branch(1) + end + end)
        #expect(
            try values(
                block + set(1) + block + set(1) + set(2) + branch(0) + branch(1) + end + set(2) + block + set(2)
                    + set(3)
                    + branch(0) + branch(1) + end + set(1) + end)
                == plain + 2 + 2 + 2 * 3)
    }

    @Test("a local that the function does not have is no instruction")
    func unknownLocal() {
        let error = #expect(throws: ModuleBoundsViolation.self) {
            try ModuleBounds().check(Self.module(locals: 1, Self.read + [0x21, 0x02] + Self.read))
        }
        guard case .malformed(_, "a local below 2, in function 0") = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    // MARK: First contents

    /// `i32.const 0, i32.const 0, i32.add, end`: an offset that is computed.
    private static let computed: [UInt8] = [0x41, 0x00, 0x41, 0x00, 0x6A, 0x0B]

    private static func module(table: Int, elements: [UInt8]) -> [UInt8] {
        var module = Wasm.preamble + Wasm.section(1, items: [Wasm.functionType()])
        module += Wasm.section(3, items: [[0]])
        module += Wasm.section(4, items: [[0x70, 0x00] + Wasm.unsigned(table)])
        module += Wasm.section(9, items: [elements])
        module += Wasm.section(10, items: [Wasm.body([])])
        return module
    }

    @Test("many elements in a segment whose offset is computed are refused, and behind a plain offset are not")
    func elements() throws {
        let many = Wasm.unsigned(50_000) + [UInt8](repeating: 0, count: 50_000)
        let bomb = Self.module(table: 50_000, elements: [0x00] + Self.computed + many)
        try Module.validate(bomb, engine: Engine())
        #expect(try bound(bomb) == "initializers")
        let plain = Self.module(table: 50_000, elements: [0x00, 0x41, 0x00, 0x0B] + many)
        #expect(try ModuleBounds().check(plain).initializers == 0)
    }

    @Test(
        "many elements that are expressions are refused, in segments of every kind", arguments: [4, 5, 6, 7] as [UInt8])
    func elementExpressions(flags: UInt8) throws {
        var segment = [flags]
        if flags & 3 == 2 { segment.append(0x00) }
        if flags & 1 == 0 { segment += [0x41, 0x00, 0x0B] }
        if flags & 3 != 0 { segment.append(0x70) }
        segment += Wasm.unsigned(6_000) + Wasm.repeated([0xD2, 0x00, 0x0B], 6_000)
        let bomb = Self.module(table: 6_000, elements: segment)
        try Module.validate(bomb, engine: Engine())
        #expect(try bound(bomb) == "initializers")
    }

    @Test("many data segments whose offsets are computed are refused, and with plain offsets are not")
    func dataSegments() throws {
        func module(_ offset: [UInt8]) -> [UInt8] {
            let segment: [UInt8] = [0x00] + offset + [0x01, 0x78]
            let segments = [[UInt8]](repeating: segment, count: 40_000)
            return Wasm.preamble + Wasm.section(5, items: [[0x00, 0x01]]) + Wasm.section(11, items: segments)
        }
        try Module.validate(module(Self.computed), engine: Engine())
        #expect(try bound(module(Self.computed)) == "initializers")
        let inspection = try ModuleBounds().check(module([0x41, 0x00, 0x0B]))
        #expect(inspection.initializers == 0 && inspection.dataSegments == 40_000)
    }

    @Test("a global whose first value is a long sum is refused")
    func globals() throws {
        let sum: [UInt8] = [0x41, 0x00] + Wasm.repeated([0x41, 0x01, 0x6A], 10_000) + [0x0B]
        let bomb = Wasm.preamble + Wasm.section(6, items: [[0x7F, 0x00] + sum])
        try Module.validate(bomb, engine: Engine())
        #expect(try bound(bomb) == "initializers")
    }
}
