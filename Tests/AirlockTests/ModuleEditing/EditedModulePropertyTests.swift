import TestSupport
import Testing
import Wasmtime

@testable import Airlock

@Suite("Edited modules: random modules behave as before")
struct EditedModulePropertyTests {
    @Test("A random module behaves as if its memories had been declared with their shares, and refusals are counted")
    func behaviour() throws {
        let engine = try EditedGuest.makeEngine()
        var generator = SplitMix(seed: 11)
        var refusals: Int64 = 0
        for _ in 0..<60 {
            let random = RandomModule(&generator)
            let limit = random.memories.reduce(0) { $0 + $1.initial } + Int.random(in: 0...12, using: &generator)
            let guest = try EditedGuest(random.text(), pages: limit, engine: engine)
            let outline = try EditedGuest.bounds.walk(guest.original).outline
            let shares = MemoryShare.dividing(limit << 16, among: outline.memories)
            #expect(shares.reduce(0) { $0 + $1.maximum } <= UInt64(limit))

            // With all the room there is, the twin's own maxima are what holds it back.
            let twin = try EditedGuest(random.text(maxima: shares.map(\.maximum)), pages: 65_536, engine: engine)
            var counted: Int64 = 0
            for argument: Int32 in [0, 1, 2] {
                #expect(try guest.call("run", argument) == twin.call("run", argument))
            }
            for (index, share) in shares.enumerated() {
                let name = "refused\(index)"
                let seen = try #require(guest.instance.global(name)).value(as: Int32.self)
                #expect(try seen == #require(twin.instance.global(name)).value(as: Int32.self))
                if share.isHostLimit { counted += Int64(seen) }
            }
            #expect(guest.pages == twin.pages)
            #expect(try guest.refusals ?? 0 == counted)
            refusals += counted
        }
        #expect(refusals > 50)
    }

    @Test("Whatever is changed in a module, the engine takes the edited one if it takes the original")
    func validity() throws {
        let engine = try Engine()
        let original = try Module.binary(ofWAT: EngineAgreementTests.everything)
        var generator = SplitMix(seed: 5)
        var accepted = 0
        for _ in 0..<3_000 {
            var bytes = original
            bytes[Int.random(in: 8..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            // The edit must end well whatever the bytes are.
            let edited = try? EditedModule(bytes, bounds: ModuleBounds(), memoryLimit: 3 << 16)
            guard let edited, (try? Module.validate(bytes, engine: engine)) != nil else { continue }
            accepted += 1
            #expect(throws: Never.self) { try Module.validate(edited.bytes, engine: engine) }
        }
        #expect(accepted > 100)
    }

    @Test("A module that was edited once is edited again with the same result as a fresh one")
    func twice() throws {
        let guest = try EditedGuest(
            "(module (memory 1) (func (export \"grow\") (param i32) (result i32) local.get 0 memory.grow))", pages: 4)
        let again = try EditedModule(guest.edited.bytes, bounds: ModuleBounds(), memoryLimit: 2 << 16)
        try Module.validate(again.bytes, engine: Engine())
        #expect(again.hostExports.memories == ["airlock:memory/0"])
        #expect(again.hostExports.refusals == "airlock:refused-growth#2")
        #expect(again.hostExports.mostPages == 2)
    }
}
