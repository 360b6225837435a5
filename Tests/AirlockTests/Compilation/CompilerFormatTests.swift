import CompilerProtocol
import Testing
import Wasmtime

@Suite("Format between host and compiler process")
struct CompilerFormatTests {
    @Test(
        "Settings arrive as they were sent",
        arguments: [
            EngineConfiguration(), EngineConfiguration(fuel: true, epochs: true), EngineConfiguration(maxWasmStack: 1),
            EngineConfiguration(asyncStackSize: -1), EngineConfiguration(memoryReservation: 0),
            EngineConfiguration(memoryGuardSize: 7), EngineConfiguration(optimization: .none),
            EngineConfiguration(optimization: .speedAndSize), EngineConfiguration(features: []),
            EngineConfiguration(features: WasmFeatures(rawValue: .max)), EngineConfiguration(isDeterministic: true),
        ]
    )
    func settings(engine: EngineConfiguration) throws {
        let sent = CompilerSettings(engine)
        #expect(sent.words.count == CompilerSettings.wordCount)
        #expect(CompilerSettings(words: sent.words) == sent)
        var plain = engine
        plain.allocation = .onDemand
        plain.parallelCompilation = false
        #expect(sent.engine == plain)
    }

    @Test("Every setting of the engine is sent or set for the process")
    func completeness() {
        let names = Mirror(reflecting: EngineConfiguration()).children.compactMap(\.label)
        let sent = [
            "fuel", "epochs", "maxWasmStack", "asyncStackSize", "memoryReservation", "memoryGuardSize", "optimization",
            "features", "isDeterministic",
        ]
        #expect(Set(names) == Set(sent + ["allocation", "parallelCompilation"]))
    }

    @Test("A head of a request arrives as it was sent, and nothing else is one")
    func request() {
        let head = CompilerRequest.Head(
            processorSeconds: 1,
            addressSpaceBytes: .max,
            outputBytes: 3,
            settings: CompilerSettings(EngineConfiguration(fuel: true)),
            moduleBytes: 4
        )
        #expect(head.bytes.count == CompilerRequest.headBytes)
        #expect(CompilerRequest.Head(head.bytes) == head)
        for length in 0..<head.bytes.count { #expect(CompilerRequest.Head(Array(head.bytes[..<length])) == nil) }
        #expect(CompilerRequest.Head(head.bytes + [0]) == nil)
        for index in 0..<16 {
            var changed = head.bytes
            changed[index] ^= 1
            #expect(CompilerRequest.Head(changed) == nil)
        }
        for index in [0, 4, 6, 8, 10] {
            var words = head.settings.words
            words[index] = 3
            #expect(CompilerSettings(words: words) == nil)
        }
    }

    @Test(
        "An answer arrives as it was sent, and nothing else is one",
        arguments: [
            .compiled([]), .compiled([1, 2, 3]), .refused("ä"), .outOfMemory(""), .tooLarge(.max), .failed("x"),
        ]
            as [CompilerAnswer]
    )
    func answer(answer: CompilerAnswer) {
        let bytes = answer.headAndContent.head + answer.headAndContent.content
        #expect(CompilerAnswer(bytes) == answer)
        for length in 0..<bytes.count { #expect(CompilerAnswer(Array(bytes[..<length])) == nil) }
        #expect(CompilerAnswer(bytes + [0]) == nil)
        for index in 0..<16 {
            var changed = bytes
            changed[index] ^= 1
            #expect(CompilerAnswer(changed) == nil)
        }
        var unknown = bytes
        unknown[16] = 9
        #expect(CompilerAnswer(unknown) == nil)
    }
}
