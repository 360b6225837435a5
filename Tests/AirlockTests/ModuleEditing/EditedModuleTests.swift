import TestSupport
import Testing
import Wasmtime

@testable import Airlock

@Suite("Edited modules: memories that the host can account for")
struct EditedModuleTests {
    @Test("A memory grows to the limit and no further, and each refusal is counted")
    func growth() throws {
        let guest = try EditedGuest(
            "(module (memory (export \"memory\") 1) (func (export \"grow\") (param i32) (result i32) local.get 0 memory.grow))",
            pages: 4
        )
        #expect(guest.edited.hostExports.memories == ["memory"])
        #expect(guest.edited.hostExports.initialPages == 1 && guest.edited.hostExports.mostPages == 4)
        #expect(try guest.call("grow", 2) == 1)
        #expect(try guest.refusals == 0)
        #expect(try guest.call("grow", 2) == -1)
        #expect(try guest.call("grow", -1) == -1)
        #expect(try guest.refusals == 2)
        #expect(try guest.call("grow", 1) == 3)
        #expect(try guest.call("grow", 0) == 4)
        #expect(try guest.call("grow", 1) == -1)
        #expect(try guest.refusals == 3)
        #expect(guest.pages == [4])
    }

    @Test("A memory that the module hides is seen by the host")
    func hiddenMemory() throws {
        let guest = try EditedGuest(
            "(module (memory 3) (func (export \"read\") (result i32) (i32.load (i32.const 65536))))",
            pages: 10
        )
        #expect(guest.edited.hostExports.memories == ["airlock:memory/0"])
        #expect(guest.edited.hostExports.hidden == ["airlock:memory/0"])
        #expect(guest.pages == [3])
        try #require(guest.instance.memory("airlock:memory/0")).write([7, 1, 0, 0], at: 65_536)
        #expect(try guest.call("read") == 263)
    }

    @Test("A memory with several names is found by the name 'memory'")
    func names() throws {
        let guest = try EditedGuest(
            "(module (memory (export \"a\") (export \"memory\") (export \"z\") 1) (func (export \"f\")))", pages: 1)
        #expect(guest.edited.hostExports.memories == ["memory"])
        #expect(guest.edited.hostExports.hidden.isEmpty)
    }

    @Test("A module that exports the reserved names keeps them, and the host takes others")
    func reservedNames() throws {
        let guest = try EditedGuest(
            """
            (module
              (memory 1)
              (global (export "airlock:refused-growth") (mut i64) (i64.const 99))
              (func (export "airlock:memory/0") (result i32) (i32.const 5))
              (func (export "airlock:memory/0#2") (result i32) (memory.grow (i32.const 9))))
            """,
            pages: 2
        )
        #expect(guest.edited.hostExports.memories == ["airlock:memory/0#3"])
        #expect(guest.edited.hostExports.refusals == "airlock:refused-growth#2")
        #expect(guest.pages == [1])
        #expect(try guest.call("airlock:memory/0") == 5)
        #expect(try guest.call("airlock:memory/0#2") == -1)
        #expect(try guest.refusals == 1)
        #expect(try #require(guest.instance.global("airlock:refused-growth")).value(as: Int64.self) == 99)
    }

    @Test("Several memories share the limit, and what one cannot use goes to the others")
    func severalMemories() throws {
        let guest = try EditedGuest(
            """
            (module
              (memory $a 1)
              (memory $b (export "b") 2 3)
              (memory $c 0)
              (func (export "a") (param i32) (result i32) (memory.grow $a (local.get 0)))
              (func (export "growB") (param i32) (result i32) (memory.grow $b (local.get 0)))
              (func (export "c") (param i32) (result i32) (memory.grow $c (local.get 0))))
            """,
            pages: 14
        )
        // Eleven pages are left: one for b, which takes no more, and five for each of the others.
        #expect(guest.edited.hostExports.memories == ["airlock:memory/0", "b", "airlock:memory/2"])
        #expect(guest.edited.hostExports.initialPages == 3 && guest.edited.hostExports.mostPages == 14)
        #expect(try guest.call("a", 6) == -1)
        #expect(try guest.call("a", 5) == 1)
        #expect(try guest.call("c", 6) == -1)
        #expect(try guest.call("c", 5) == 0)
        #expect(try guest.refusals == 2)
        #expect(try guest.call("growB", 1) == 2)
        #expect(try guest.call("growB", 1) == -1)
        #expect(try guest.refusals == 2)
        #expect(guest.pages == [6, 3, 5])
    }

    @Test("What the module's own maximum refuses is not counted, unless the limit is as low")
    func ownMaximum() throws {
        let text = """
            (module (memory (export "memory") 1 3)
              (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))
            """
        let wide = try EditedGuest(text, pages: 4)
        #expect(wide.edited.hostExports.refusals == nil)
        #expect(wide.edited.hostExports == HostExports(memories: ["memory"], initialPages: 1, mostPages: 3))
        #expect(try wide.call("grow", 3) == -1)

        let equal = try EditedGuest(text, pages: 3)
        #expect(try equal.call("grow", 3) == -1)
        #expect(try equal.refusals == 1)
    }

    @Test(
        "A module that gives nothing to do stays as it is",
        arguments: [
            "(module)",
            "(module (func (export \"f\")))",
            "(module (memory (export \"memory\") 2 2) (func (export \"f\") (drop (memory.grow (i32.const 1)))))",
            "(module (import \"host\" \"memory\" (memory 1)) (func (drop (memory.grow (i32.const 1)))))",
        ]
    )
    func unchanged(text: String) throws {
        let bytes = try Module.binary(ofWAT: text)
        let edited = try EditedModule(bytes, bounds: ModuleBounds(), memoryLimit: 1 << 20)
        #expect(edited.bytes == bytes)
        #expect(edited.hostExports.hidden.isEmpty && edited.hostExports.refusals == nil)
        #expect(edited.inspection.moduleBytes == bytes.count)
    }

    @Test("An imported memory is left alone beside one that is not")
    func importedMemory() throws {
        let engine = try EditedGuest.makeEngine()
        let bytes = try Module.binary(
            ofWAT: """
                (module (import "host" "memory" (memory $i 1)) (memory $d 1)
                  (func (drop (memory.grow $i (i32.const 1))) (drop (memory.grow $d (i32.const 1)))))
                """
        )
        let edited = try EditedModule(bytes, bounds: EditedGuest.bounds, memoryLimit: 2 << 16)
        let module = try Module(engine: engine, bytes: edited.bytes)
        let memories = (module.imports.map(\.type) + module.exports.map(\.type)).compactMap { type in
            if case .memory(let memory) = type { memory.maximum } else { nil }
        }
        #expect(memories == [2])
        // One of the two instructions is a call now.
        #expect(try EditedGuest.bounds.walk(edited.bytes).outline.growths.count == 2)
        #expect(edited.hostExports.memories == ["airlock:memory/0"])
        #expect(module.exports.map(\.name) == ["airlock:memory/0", "airlock:refused-growth"])
    }

    @Test("A memory that begins with more than the limit cannot grow")
    func tooLarge() throws {
        let guest = try EditedGuest(
            "(module (memory 3) (func (export \"grow\") (param i32) (result i32) local.get 0 memory.grow))", pages: 2)
        #expect(guest.edited.hostExports.initialPages == 3 && guest.edited.hostExports.mostPages == 3)
        #expect(try guest.call("grow", 1) == -1)
    }

    @Test(
        "Memories with addresses of 64 bits, and shared ones, are refused",
        arguments: [0x03, 0x04, 0x05, 0x07] as [UInt8])
    func otherMemories(flags: UInt8) throws {
        let bytes = WasmBytes.preamble + WasmBytes.section(5, items: [[flags, 1] + (flags & 1 == 1 ? [2] : [])])
        try ModuleBounds().check(bytes)
        #expect(throws: ModuleBoundsViolation.self) {
            try EditedModule(bytes, bounds: ModuleBounds(), memoryLimit: 1 << 20)
        }
    }

    @Test("Sections that are missing are added in their places, and custom sections are left out")
    func missingSections() throws {
        typealias Wasm = WasmBytes
        func custom(_ text: String) -> [UInt8] { Wasm.section(0, [1] + Array(text.utf8)) }
        let grows = Wasm.body([0x41, 0x00, 0x40, 0x00, 0x1A])
        let original =
            Wasm.preamble + custom("a") + Wasm.section(1, items: [Wasm.functionType()]) + custom("b")
            + Wasm.section(3, items: [[0]]) + custom("c") + Wasm.section(5, items: [[0, 1]]) + custom("d")
            + Wasm.section(9, [0]) + custom("e") + Wasm.section(12, [1]) + Wasm.section(10, items: [grows])
            + custom("f") + Wasm.section(11, items: [[1, 1, 0x2A]]) + custom("g")
        let edited = try EditedModule(original, bounds: ModuleBounds(), memoryLimit: 1 << 20).bytes
        let module = try Module(engine: EditedGuest.makeEngine(), bytes: edited)
        #expect(module.exports.count == 2)
        let sections = try ModuleBounds().walk(edited).outline.sections
        #expect(sections.map(\.id) == [1, 3, 5, 6, 7, 9, 12, 10, 11])
        #expect(try ModuleContents(edited).sections.map(\.id) == sections.map(\.id))
    }

    @Test("An index in more bytes than it needs, and sizes that become longer, are handled")
    func longEncodings() throws {
        // 60 times a growth in three bytes, which becomes a call in two: the body's size goes from two bytes to two or fewer.
        let growth: [UInt8] = [0x41, 0x00, 0x40, 0x80, 0x00, 0x1A]
        let many = WasmBytes.body(WasmBytes.repeated(growth, 60))
        // 130 functions: the added one has an index of two bytes, so that a body of 125 bytes needs a longer size.
        let short = WasmBytes.body(WasmBytes.repeated([0x41, 0x00, 0x40, 0x00, 0x1A], 24) + [0x01, 0x01, 0x01])
        #expect(short[0] == 125)
        for others in [0, 130] {
            let original = WasmBytes.module(
                between: WasmBytes.section(5, items: [[0, 1]]),
                bodies: [many, short] + [[UInt8]](repeating: WasmBytes.body([]), count: others)
            )
            let edited = try EditedModule(original, bounds: ModuleBounds(), memoryLimit: 1 << 20)
            try Module.validate(edited.bytes, engine: Engine())
            #expect(try ModuleBounds().walk(edited.bytes).outline.growths.count == 1)
        }
    }
}
