import Airlock
import AirlockTestSupport
import AirlockTesting
import Foundation
import TestSupport
import Testing

@Suite("Compile bombs")
struct CompileBombTests {
    @Test(
        "A bomb is stopped by the bounds before it reaches the compiler",
        arguments: [
            CompileBombs.localsTimesLoops, CompileBombs.branchTables, CompileBombs.memoryGrowth,
            CompileBombs.branchesTimesLocals,
        ]
    )
    func bounds(bomb: [UInt8]) async throws {
        try await withPluginHost { host in
            let error = await #expect(throws: PluginError.self) { try await host.load(.bytes(bomb)) }
            #expect(error?.code == .moduleBounds)
        }
    }

    @Test(
        "The compiler process is killed at its deadline",
        arguments: [
            CompileBombs.localsTimesLoops, CompileBombs.branchTables, CompileBombs.memoryGrowth,
            CompileBombs.branchesTimesLocals,
        ]
    )
    func deadline(bomb: [UInt8]) async throws {
        let error = try await failure(of: bomb, CompilerLimits(deadline: .milliseconds(100)))
        #expect(error.code == .compilation)
        #expect(error.limit == 100_000_000)
        #expect(error.message.contains("was killed"))
    }

    @Test("The compiler process ends when its processor time is used up")
    func processorTime() async throws {
        let error = try await failure(of: CompileBombs.branchTables, CompilerLimits(processorSeconds: 1))
        #expect(error.code == .compilation)
        #expect(error.limit == 1_000_000_000)
        #expect(error.message.contains("processor time"))
    }

    @Test(
        "The compiler process ends when its memory is used up",
        .disabled(if: Self.isSanitized, "sanitizers take terabytes"))
    func memory() async throws {
        let error = try await failure(of: CompileBombs.localsTimesLoops, CompilerLimits(memory: 160 << 20))
        #expect(error.code == .compilation)
        #expect(error.limit == 160 << 20)
        #expect(error.message.contains("of memory"))
    }

    @Test("A compiled module larger than allowed is refused, with its size")
    func outputLimit() async throws {
        let error = try await failure(of: WasmBytes.preamble, CompilerLimits(outputBytes: 1_000))
        #expect(error.code == .compilation)
        #expect(error.limit == 1_000)
        #expect(try #require(error.used) > 1_000)
    }

    @Test("The host serves calls and loads other plugins while bombs are being compiled")
    func serving() async throws {
        // The bombs must be at work until they are cancelled, however slow the machine is.
        let limits = CompilerLimits(processorSeconds: 600, deadline: .seconds(600), memory: 8 << 30)
        let policy = CompilationPolicy(untrusted: .childProcess(compiler: nil), limits: limits, concurrent: 3)
        try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: policy)) { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.wat(answering(1)))
            let answer = try plugin.function("answer", returning: Int32.self)
            _ = await events.first { if case .loaded = $0.kind { true } else { false } }
            let bombs = [CompileBombs.localsTimesLoops, CompileBombs.branchTables].map { bomb in
                Task { try await host.load(.bytes(bomb), limits: CompileBombs.admitting) }
            }
            for _ in bombs { _ = await events.first { if case .compiling = $0.kind { true } else { false } } }
            for _ in 0..<100 { #expect(try await plugin.call(answer).value == 1) }
            let other = try await host.load(.wat(answering(2)))
            let second = try other.function("answer", returning: Int32.self)
            #expect(try await other.call(second).value == 2)
            for bomb in bombs {
                bomb.cancel()
                let error = await #expect(throws: PluginError.self) { try await bomb.value }
                #expect(error?.code == .cancelled)
            }
            #expect(try await plugin.call(answer).value == 1)
        }
    }

    /// Sanitizers reserve more address space than anything else does.
    private static var isSanitized: Bool {
        let sizes = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        return Int(sizes?.prefix { $0 != " " } ?? "") ?? 0 > (14 << 40) / 4096
    }

    private func failure(of module: [UInt8], _ limits: CompilerLimits) async throws -> PluginError {
        let configuration = PluginHostConfiguration(workers: 1, compilation: .childProcess(limits: limits))
        return try await withPluginHost(configuration) { host in
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.bytes(module), name: "bomb", limits: CompileBombs.admitting)
            }
            #expect(error?.plugin == "bomb")
            return try #require(error)
        }
    }
}
