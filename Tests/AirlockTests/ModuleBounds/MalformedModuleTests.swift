import Airlock
import TestSupport
import Testing

@Suite("Module bounds: bytes that are not a module")
struct MalformedModuleTests {
    typealias Wasm = WasmBytes

    func offset(of bytes: [UInt8]) throws -> Int? {
        let error = #expect(throws: ModuleBoundsViolation.self) { try ModuleBounds().check(bytes) }
        guard case .malformed(let offset, _) = try #require(error) else { return nil }
        return offset
    }

    /// A module with every kind of section and instructions of every shape, accepted by the check.
    static let rich: [UInt8] =
        Wasm.preamble
        + Wasm.section(1, items: [Wasm.functionType(parameters: 1, results: 1)])
        + Wasm.section(2, items: [[1, 0x65, 1, 0x66, 0x00, 0x00]])
        + Wasm.section(3, items: [[0], [0]])
        + Wasm.section(5, items: [[0x01, 0x01, 0x02]])
        + Wasm.section(
            10,
            items: [
                Wasm.body(locals: [(1, 0x7F)], [0x20, 0x00, 0x10, 0x00]),
                Wasm.body(
                    [0x03, 0x7F, 0x02, 0x00, 0x0B, 0x41, 0x7F, 0x1A, 0x42, 0x80, 0x7F, 0x1A]
                        + [0x43, 0, 0, 0, 0, 0x1A, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x1A]
                        + [0x28, 0x02, 0x80, 0x01, 0xFC, 0x0A, 0x00, 0x00, 0xFC, 0x00, 0xFC, 0x0B, 0x00]
                        + [0xFD, 0x0C] + [UInt8](repeating: 7, count: 16) + [0xFD, 0x15, 0x03, 0xFD, 0x54, 0, 0, 1]
                        + [0xFD, 0x93, 0x02, 0xD0, 0x70, 0xD2, 0x00, 0x11, 0x00, 0x00, 0x1C, 0x01, 0x7F, 0x0B]
                        + [0x1F, 0x40, 0x02, 0x00, 0x00, 0x00, 0x02, 0x00, 0x0B, 0x0A]
                        + [0x20, 0x00, 0x04, 0x40, 0x05, 0x0B, 0x14, 0x00, 0xD5, 0x00]
                ),
            ]
        )

    @Test("the module that the other tests damage is accepted whole")
    func rich() throws {
        #expect(try ModuleBounds().check(Self.rich).mostBlocks == 4)
    }

    @Test("a module cut off anywhere is refused where it ends or before, or lacks bodies")
    func truncated() throws {
        for count in 0..<Self.rich.count {
            let cut = Array(Self.rich[..<count])
            do throws(ModuleBoundsViolation) {
                let inspection = try ModuleBounds().check(cut)
                #expect(inspection.functions == 0, "cut after \(count) bytes")
            } catch {
                guard case .malformed(let offset, _) = error else {
                    Issue.record("cut after \(count) bytes: \(error)")
                    continue
                }
                #expect(offset <= count)
            }
        }
    }

    @Test("no single changed byte makes the check fail in another way than by its error")
    func changedBytes() {
        var generator = SplitMix(seed: 1)
        for index in Self.rich.indices {
            for _ in 0..<24 {
                var bytes = Self.rich
                bytes[index] = UInt8.random(in: 0...255, using: &generator)
                do throws(ModuleBoundsViolation) {
                    #expect(try ModuleBounds().check(bytes).moduleBytes == bytes.count)
                } catch {
                    #expect(!error.description.isEmpty)
                }
            }
        }
    }

    @Test("garbage after a right preamble is refused")
    func garbage() throws {
        var generator = SplitMix(seed: 2)
        for _ in 0..<200 {
            let tail = (0..<200).map { _ in UInt8.random(in: 14...255, using: &generator) }
            #expect(throws: ModuleBoundsViolation.self) { try ModuleBounds().check(Wasm.preamble + tail) }
        }
    }

    @Test("a component is not a core module")
    func component() throws {
        #expect(try offset(of: [0x00, 0x61, 0x73, 0x6D, 0x0D, 0x00, 0x01, 0x00]) == 4)
    }

    @Test("sections out of order, twice, or unknown are refused")
    func sectionOrder() throws {
        let types = Wasm.section(1, items: [])
        let exports = Wasm.section(7, items: [])
        #expect(try offset(of: Wasm.preamble + exports + types) == 8 + exports.count)
        #expect(try offset(of: Wasm.preamble + types + types) == 8 + types.count)
        #expect(try offset(of: Wasm.preamble + Wasm.section(14, [])) == 8)
    }

    @Test("a section that claims more bytes than there are is refused")
    func sectionSize() throws {
        #expect(try offset(of: Wasm.preamble + [1] + Wasm.unsigned(UInt32.max) + [0]) == 14)
    }

    @Test(
        "integers that are too long or too large are refused",
        arguments: [
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x00], [0xFF, 0xFF, 0xFF, 0xFF, 0x1F], [0x80],
        ] as [[UInt8]]
    )
    func unsignedIntegers(encoding: [UInt8]) throws {
        #expect(try offset(of: Wasm.preamble + Wasm.section(1, encoding)) == 10)
    }

    @Test(
        "signed constants must fit their type",
        arguments: [
            [0x41, 0xFF, 0xFF, 0xFF, 0xFF, 0x4F], [0x41, 0x80, 0x80, 0x80, 0x80, 0x10],
            [0x42, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        ] as [[UInt8]]
    )
    func signedIntegers(constant: [UInt8]) throws {
        #expect(try offset(of: Wasm.module(bodies: [Wasm.body(constant + [0x1A])])) != nil)
    }

    @Test(
        "the lowest and highest signed constants are read",
        arguments: [
            [0x41, 0xFF, 0xFF, 0xFF, 0xFF, 0x07], [0x41, 0x80, 0x80, 0x80, 0x80, 0x78], [0x41, 0xFF, 0x7F],
            [0x42, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00],
            [0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7F],
        ] as [[UInt8]]
    )
    func signedLimits(constant: [UInt8]) throws {
        #expect(try ModuleBounds().check(Wasm.module(bodies: [Wasm.body(constant + [0x1A])])).functions == 1)
    }

    @Test("functions without bodies, and bodies without functions, are refused")
    func bodies() throws {
        let types = Wasm.section(1, items: [Wasm.functionType()])
        #expect(try offset(of: Wasm.preamble + types + Wasm.section(3, items: [[0]])) != nil)
        #expect(try offset(of: Wasm.preamble + types + Wasm.section(10, items: [Wasm.body([])])) != nil)
    }

    @Test(
        "indices of types, functions and labels must exist",
        arguments: [
            [0x10, 0x01], [0x11, 0x01, 0x00], [0x02, 0x01, 0x0B], [0x0C, 0x01], [0x0E, 0x00, 0x05],
        ] as [[UInt8]]
    )
    func indices(instructions: [UInt8]) throws {
        #expect(try offset(of: Wasm.module(bodies: [Wasm.body(instructions)])) != nil)
    }

    @Test(
        "an instruction of a proposal that is off is refused where it stands",
        arguments: [
            [0xFE, 0x00, 0x00, 0x00], [0xFB, 0x00, 0x00], [0x06, 0x40], [0xFC, 0x12], [0xFD, 0x94, 0x02], [0xFF],
        ] as [[UInt8]]
    )
    func unknownInstructions(instruction: [UInt8]) throws {
        let module = Wasm.module(bodies: [Wasm.body(instruction)])
        #expect(try offset(of: module) == module.count - 1 - instruction.count)
    }

    @Test("a body ends with its last instruction and not before")
    func bodyEnd() throws {
        #expect(try offset(of: Wasm.module(bodies: [Wasm.body([0x0B])])) != nil)
        #expect(try offset(of: Wasm.module(bodies: [Wasm.body([0x02, 0x40])])) != nil)
    }
}
