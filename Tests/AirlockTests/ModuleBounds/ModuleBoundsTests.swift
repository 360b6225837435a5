import Airlock
import TestSupport
import Testing

@Suite("Module bounds: what is counted before compilation")
struct ModuleBoundsTests {
    typealias Wasm = WasmBytes

    /// The violation of `bytes`, as (bound, found, function).
    func exceeded(
        _ bytes: [UInt8],
        _ change: (inout ModuleBounds) -> Void = { _ in }
    ) throws -> (name: String, allowed: UInt64, found: UInt64, function: Int?) {
        var bounds = ModuleBounds()
        change(&bounds)
        let error = #expect(throws: ModuleBoundsViolation.self) { try bounds.check(bytes) }
        guard case .exceeded(let bound, let allowed, let found, let function) = try #require(error) else {
            Issue.record("\(String(describing: error))")
            return ("", 0, 0, nil)
        }
        return (bound.name, allowed, found, function)
    }

    @Test("the empty module is within the bounds")
    func emptyModule() throws {
        #expect(try ModuleBounds().check(Wasm.preamble).functions == 0)
    }

    @Test("everything that a module holds is counted")
    func inspection() throws {
        let module =
            Wasm.preamble
            + Wasm.section(0, [4] + Array("name".utf8) + [1, 2, 3])
            + Wasm.section(1, items: [Wasm.functionType(parameters: 2, results: 1), Wasm.functionType()])
            + Wasm.section(
                2,
                items: [
                    [1, 0x65, 1, 0x66, 0x00, 0x00],  // function of type 0
                    [1, 0x65, 1, 0x74, 0x01, 0x70, 0x01, 0x01, 0x02],  // table of 1 to 2 funcref
                    [1, 0x65, 1, 0x6D, 0x02, 0x00, 0x07],  // memory of 7 pages
                    [1, 0x65, 1, 0x67, 0x03, 0x7F, 0x00],  // global i32
                    [1, 0x65, 1, 0x78, 0x04, 0x00, 0x01],  // tag of type 1
                ]
            )
            + Wasm.section(3, items: [[1], [0]])
            + Wasm.section(4, items: [[0x70, 0x00, 0x05]])
            + Wasm.section(13, items: [[0x00, 0x01]])
            + Wasm.section(6, items: [[0x7F, 0x00, 0x41, 0x00, 0x0B]])
            + Wasm.section(7, items: [[1, 0x61, 0x00, 0x01], [1, 0x62, 0x00, 0x02]])
            + Wasm.section(9, items: [[0x00, 0x41, 0x00, 0x0B, 0x00]])
            + Wasm.section(12, [1])
            + Wasm.section(
                10,
                items: [
                    Wasm.body(locals: [(3, 0x7F), (2, 0x7E)], [0x02, 0x40, 0x03, 0x40, 0x0B, 0x0B]),
                    Wasm.body([0x41, 0x00, 0x0E, 0x02, 0x00, 0x00, 0x00]),
                ]
            )
            + Wasm.section(11, items: [[0x00, 0x41, 0x00, 0x0B, 0x00]])
        let inspection = try ModuleBounds().check(module)
        #expect(inspection.moduleBytes == module.count)
        #expect(inspection.imports == 5)
        #expect(inspection.functions == 2)
        #expect(inspection.tables == 2)
        #expect(inspection.initialTableElements == 5)
        #expect(inspection.memories == 1)
        #expect(inspection.initialMemoryPages == 7)
        #expect(inspection.tags == 2)
        #expect(inspection.globals == 2)
        #expect(inspection.exports == 2)
        #expect(inspection.elementSegments == 1)
        #expect(inspection.dataSegments == 1)
        #expect(inspection.codeBytes == 12 + 9)
        #expect(inspection.largestFunctionBody == 12)
        #expect(inspection.mostLocals == 5)
        #expect(inspection.deepestNesting == 2)
        #expect(inspection.mostBlocks == 2)
        #expect(inspection.mostBranchTargets == 3)
        // Five locals at the block and, as eight joins, at the loop, which itself costs as much as twelve values.
        #expect(inspection.mostTrackedValues == 5 + 8 * 5 + 12)
    }

    @Test("a module that is larger than allowed is refused unread")
    func moduleBytes() throws {
        let found = try exceeded([UInt8](repeating: 0xFF, count: 11)) { $0.moduleBytes = 10 }
        #expect(found.name == "moduleBytes" && found.allowed == 10 && found.found == 11)
    }

    @Test(
        "a claimed count is compared with the bound before anything is read for it",
        arguments: [
            (1, "types"), (2, "imports"), (3, "functions"), (4, "tables"), (5, "memories"), (6, "globals"),
            (7, "exports"), (9, "elementSegments"), (11, "dataSegments"), (12, "dataSegments"), (13, "tags"),
        ] as [(UInt8, String)]
    )
    func claimedCounts(section: UInt8, name: String) throws {
        let found = try exceeded(Wasm.preamble + Wasm.section(section, Wasm.unsigned(UInt32.max)))
        #expect(found.name == name)
        #expect(found.found == UInt64(UInt32.max))
    }

    @Test("imported and defined memories count together")
    func memories() throws {
        let module =
            Wasm.preamble + Wasm.section(2, items: [[1, 0x65, 1, 0x6D, 0x02, 0x00, 0x01]])
            + Wasm.section(5, items: [[0x00, 0x01]])
        #expect(try exceeded(module).name == "memories")
        #expect(throws: Never.self) {
            var bounds = ModuleBounds()
            bounds.memories = 2
            try bounds.check(module)
        }
    }

    @Test("a memory may not start with more pages than allowed")
    func memoryPages() throws {
        let module = Wasm.preamble + Wasm.section(5, items: [[0x00] + Wasm.unsigned(65_536)])
        let found = try exceeded(module)
        #expect(found.name == "initialMemoryPages" && found.found == 65_536)
    }

    @Test("a function type may not have more parameters or results than allowed")
    func signatures() throws {
        for type in [Wasm.functionType(parameters: 201), Wasm.functionType(results: 201)] {
            let found = try exceeded(Wasm.module(types: [type], bodies: []))
            #expect(found.name == "parametersOrResults" && found.found == 201)
        }
    }

    @Test("locals are counted as declared, parameters included, and cannot overflow")
    func locals() throws {
        let one = Wasm.module(
            types: [Wasm.functionType(parameters: 2)],
            bodies: [Wasm.body(locals: [(4_999, 0x7F)], [])]
        )
        let found = try exceeded(one)
        #expect(found.name == "locals" && found.found == 5_001 && found.function == 0)

        let huge = Wasm.module(bodies: [
            Wasm.body([]), Wasm.body(locals: [(0xFFFF_FFFF, 0x7F), (0xFFFF_FFFF, 0x7E)], []),
        ])
        #expect(try exceeded(huge).function == 1)
        var unbounded = ModuleBounds()
        unbounded.locals = .max
        #expect(try unbounded.check(huge).mostLocals == 2 * 0xFFFF_FFFF)
    }

    @Test("code is bounded per function and in all")
    func code() throws {
        let module = Wasm.module(bodies: [Wasm.body([0x01, 0x01]), Wasm.body([0x01, 0x01, 0x01])])
        let body = try exceeded(module) { $0.functionBodyBytes = 4 }
        #expect(body.name == "functionBodyBytes" && body.found == 5 && body.function == 1)
        let all = try exceeded(module) { $0.codeBytes = 8 }
        #expect(all.name == "codeBytes" && all.found == 9 && all.function == nil)
    }

    @Test("blocks and their nesting are bounded")
    func blocks() throws {
        let nested = [UInt8]([0x02, 0x40, 0x02, 0x40, 0x0B, 0x0B])
        let module = Wasm.module(bodies: [Wasm.body(nested + nested)])
        let nesting = try exceeded(module) { $0.nestingDepth = 1 }
        #expect(nesting.name == "nestingDepth" && nesting.found == 2)
        let count = try exceeded(module) { $0.blocks = 3 }
        #expect(count.name == "blocks" && count.found == 4)
    }

    @Test("branch targets are refused by their claimed count")
    func branchTargets() throws {
        let module = Wasm.module(bodies: [Wasm.body([0x41, 0x00, 0x0E] + Wasm.unsigned(UInt32.max))])
        let found = try exceeded(module)
        #expect(found.name == "branchTargets" && found.found == UInt64(UInt32.max) + 1)
    }

    @Test("nested loops over many locals, nine kilobytes that take seconds to compile, are refused")
    func loopsOverLocals() throws {
        let loops = 100
        let locals = 1_000
        let openings = Wasm.repeated([0x03, 0x40], loops)
        let increments = (0..<locals).flatMap { index in
            let local = Wasm.unsigned(index)
            return [[0x20], local, [0x41, 0x01, 0x6A, 0x21], local].flatMap { $0 }
        }
        let closings = Wasm.repeated([0x20, 0x00, 0x0D, 0x00, 0x0B], loops)
        let instructions = openings + increments + closings
        let module = Wasm.module(bodies: [Wasm.body(locals: [(UInt64(locals), 0x7F)], instructions)])
        #expect(module.count < 10_000)
        #expect(try exceeded(module).name == "trackedValuesPerFunction")
    }

    @Test("calls with many results are refused")
    func callResults() throws {
        let calls = Wasm.repeated([0x10, 0x00], 20_000)
        let module = Wasm.module(types: [Wasm.functionType(results: 200)], bodies: [Wasm.body(calls + [0x00])])
        #expect(try exceeded(module).name == "trackedValuesPerFunction")
    }

    @Test("many costly functions are refused together")
    func trackedValues() throws {
        let body = Wasm.body(locals: [(10, 0x7F)], [0x02, 0x40, 0x0B])
        let found = try exceeded(Wasm.module(bodies: [body, body, body])) { $0.trackedValues = 25 }
        #expect(found.name == "trackedValues" && found.found == 30 && found.function == nil)
    }

    @Test("with every bound lifted an estimate past the highest integer is still refused")
    func saturation() {
        var bounds = ModuleBounds()
        bounds.locals = .max
        bounds.trackedValuesPerFunction = .max
        bounds.trackedValues = .max
        let loops = Wasm.repeated([0x03, 0x40], 300) + Wasm.repeated([0x0B], 300)
        let locals = [(count: UInt64, type: UInt8)](repeating: (0xFFFF_FFFF, 0x7F), count: 50_000)
        let module = Wasm.module(bodies: [Wasm.body(locals: locals, loops)])
        let error = #expect(throws: ModuleBoundsViolation.self) { try bounds.check(module) }
        guard case .exceeded(_, allowed: UInt64(Int.max), found: _, function: 0) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("an error says in one sentence what was found and where")
    func descriptions() throws {
        let module = Wasm.module(bodies: [Wasm.body(locals: [(5_001, 0x7F)], [])])
        let error = #expect(throws: ModuleBoundsViolation.self) { try ModuleBounds().check(module) }
        #expect("\(try #require(error))" == "function 0 exceeds the bound locals: 5001 found, 5000 allowed")
        let malformed = #expect(throws: ModuleBoundsViolation.self) { try ModuleBounds().check([0x00, 0x61]) }
        #expect(
            "\(try #require(malformed))"
                == "the module is malformed at byte 2: expected the magic number \\0asm"
        )
    }
}
