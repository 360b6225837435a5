import Airlock
import TestSupport
import Testing
import Wasmtime

@Suite("Module contents")
struct ModuleContentsTests {
    @Test("Imports, exports, memories and sections are read with their types, as the engine sees them")
    func everything() throws {
        let bytes = try Module.binary(ofWAT: EngineAgreementTests.everything)
        let contents = try ModuleContents(bytes)
        let module = try Module(engine: try Engine(EngineConfiguration()), bytes: bytes)
        #expect(contents.imports.map(\.module) == module.imports.map(\.module))
        #expect(contents.imports.map(\.name) == module.imports.map(\.name))
        for (mine, theirs) in zip(contents.imports.map(\.item), module.imports.map(\.type)) {
            guard case .function(let type) = theirs else { continue }
            #expect(mine == .function(type))
        }
        #expect(
            contents.imports.map(\.item.description) == ["function (i32, i64) -> (i64, i32)", "mutable global of i32"])
        #expect(contents.exports.map(\.name) == module.exports.map(\.name))
        #expect(contents.exports.first?.item.description == "memory of 1 to 4 pages")
        #expect(contents.memories.map(\.description) == ["of 1 to 4 pages"])
        #expect(contents.hasStart)
        #expect(
            contents.sections.map(\.name).filter { $0 != "name" } == [
                "type", "import", "function", "table", "memory", "tag", "global", "export", "start", "element",
                "data count", "code",
                "data",
            ])
    }

    @Test("All kinds of exports have their types")
    func kinds() throws {
        let contents = try ModuleContents(
            wat: """
                (module
                  (type $f (func (param (ref null 0) externref exnref) (result v128)))
                  (table (export "t") 1 2 funcref) (table (export "u") 3 externref)
                  (memory (export "m") 5)
                  (global (export "g") f64 (f64.const 1)) (global (export "h") (mut funcref) (ref.null func))
                  (tag (export "e") (param i32 i64))
                  (func (export "f") (type $f) unreachable))
                """)
        #expect(
            contents.exports.map { "\($0.name): \($0.item)" } == [
                "t: table of funcref, 1 to 2 elements", "u: table of externref, 3 to any number of elements",
                "m: memory of 5 to any number of pages", "g: constant global of f64", "h: mutable global of funcref",
                "e: tag (i32, i64) -> ()", "f: function ((ref null $func), externref, (ref null exn)) -> (v128)",
            ])
        #expect(!contents.hasStart)
    }

    @Test("Every truncation and every changed byte of a module is read or refused, and never more than that")
    func mutations() throws {
        let bytes = try Module.binary(ofWAT: EngineAgreementTests.everything)
        var refused = 0
        for length in 0..<bytes.count {
            do { _ = try ModuleContents(Array(bytes[..<length])) } catch { refused += 1 }
        }
        #expect(refused > bytes.count / 2)
        for place in bytes.indices {
            for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
                var changed = bytes
                changed[place] = value
                _ = try? ModuleContents(changed)
            }
        }
    }

    @Test("Counts and lengths that the bytes do not hold are refused without room being made for them")
    func claims() {
        for section: UInt8 in [1, 2, 3, 4, 5, 6, 7, 13] {
            let bytes = WasmBytes.preamble + WasmBytes.section(section, WasmBytes.unsigned(UInt32.max))
            #expect(throws: ModuleBoundsViolation.self) { try ModuleContents(bytes) }
        }
        let name = WasmBytes.preamble + WasmBytes.section(0, WasmBytes.unsigned(UInt32.max) + [0x61])
        #expect(throws: ModuleBoundsViolation.self) { try ModuleContents(name) }
        let sections = WasmBytes.preamble + WasmBytes.repeated(WasmBytes.section(0, [0]), 1_001)
        #expect(throws: ModuleBoundsViolation.self) { try ModuleContents(sections) }
    }

    @Test("The bounds on a module hold for its contents, too")
    func bounds() {
        var bounds = ModuleBounds()
        bounds.exports = 1
        let violation = #expect(throws: ModuleBoundsViolation.self) {
            try ModuleContents(wat: #"(module (func (export "a")) (func (export "b")))"#, bounds: bounds)
        }
        #expect(violation?.description == "the module exceeds the bound exports: 2 found, 1 allowed")
    }

    @Test("A component is told from a module")
    func component() {
        #expect(ModuleContents.isComponent([0x00, 0x61, 0x73, 0x6D, 0x0D, 0x00, 0x01, 0x00]))
        #expect(!ModuleContents.isComponent(WasmBytes.preamble))
        #expect(!ModuleContents.isComponent([0x00, 0x61, 0x73, 0x6D]))
    }
}

extension ModuleContents {
    init(wat: String, bounds: ModuleBounds = ModuleBounds()) throws {
        try self.init(try Module.binary(ofWAT: wat), bounds: bounds)
    }
}
