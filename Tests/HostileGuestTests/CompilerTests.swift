import Airlock
import AirlockTestSupport
import AirlockTesting
import Foundation
import TestSupport
import Testing
import Wasmtime

/// A repetition starts processes, and takes tens of milliseconds.
@Suite("Hostile: compile bombs and forged machine code", .hostile)
struct CompilerTests {
    @Test("A compile bomb does not reach the compiler")
    func bounds() async {
        await #expect(processExitsWith: .success) {
            let bomb = CompileBombs.localsTimesLoops
            try await withstand(repetitions: 50) { host in
                { _ = try await failure(.moduleBounds) { _ = try await host.load(.bytes(bomb), name: "hostile") } }
            }
        }
    }

    @Test("The process that compiles a bomb is killed at its deadline, and nothing of it is left")
    func deadline() async {
        await #expect(processExitsWith: .success) {
            let policy = CompilationPolicy.childProcess(limits: CompilerLimits(deadline: .milliseconds(50)))
            try await withstand(repetitions: 10, compiling(policy)) { host in
                taking([CompileBombs.localsTimesLoops, CompileBombs.branchTables]) { bomb in
                    let error = try await compile(bomb, on: host)
                    try #require(error.limit == 50_000_000)
                    try #require(error.message.contains("was killed"))
                }
            }
        }
    }

    @Test("A process that uses up its processor time, or its memory, on a bomb ends, and nothing of it is left")
    func resources() async {
        await #expect(processExitsWith: .success) {
            // A repetition takes a second of processor time, which is the least limit.
            let time = CompilationPolicy.childProcess(limits: CompilerLimits(processorSeconds: 1))
            try await withstand(repetitions: 2, warmUp: 1, compiling(time)) { host in
                {
                    let error = try await compile(CompileBombs.branchTables, on: host)
                    try #require(error.limit == 1_000_000_000)
                    try #require(error.message.contains("processor time"))
                }
            }
        }
        await #expect(processExitsWith: .success) {
            // A repetition fills 160 MiB.
            let memory = CompilationPolicy.childProcess(limits: CompilerLimits(memory: 160 << 20))
            try await withstand(repetitions: 3, warmUp: 1, compiling(memory)) { host in
                {
                    let error = try await compile(CompileBombs.localsTimesLoops, on: host)
                    try #require(error.limit == 160 << 20)
                    try #require(error.message.contains("of memory"))
                }
            }
        }
    }

    @Test("Machine code in the cache that was changed is never run")
    func forgedCache() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            var policy = CompilationPolicy.inProcess
            policy.cache = .folder(folder.path)
            try await withstand(repetitions: 50, compiling(policy)) { host in
                var random = SplitMix(seed: 3)
                let events = host.events()
                var isKept = false
                return {
                    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
                    where name.hasSuffix(".cwasm") {
                        let file = URL(filePath: folder.at(name))
                        var bytes = try Data(contentsOf: file)
                        bytes[Int.random(in: 0..<bytes.count, using: &random)] ^=
                            1 << UInt8.random(in: 0..<8, using: &random)
                        try bytes.write(to: file)
                    }
                    let plugin = try await host.load(.wat(answering), name: "hostile", limits: .patient)
                    let answer = try plugin.function("answer", returning: Int32.self)
                    try #require(try await plugin.call(answer).value == 42)
                    var problems = 0
                    for await event in events {
                        if case .cacheProblem = event.kind { problems += 1 }
                        if case .loaded = event.kind, event.plugin == "hostile" { break }
                    }
                    try #require(problems == (isKept ? 1 : 0))
                    isKept = true
                    await plugin.unload()
                }
            }
        }
    }
}

private func compiling(_ policy: CompilationPolicy) -> PluginHostConfiguration {
    var configuration = PluginHostConfiguration.hostile()
    configuration.compilation = policy
    return configuration
}

private let answering = "(module (memory (export \"memory\") 1) (func (export \"answer\") (result i32) i32.const 42))"

/// The error that the compilation of a bomb must end in, once its bounds let it reach the compiler.
private func compile(_ bomb: [UInt8], on host: PluginHost) async throws -> PluginError {
    try await failure(.compilation) {
        _ = try await host.load(.bytes(bomb), name: "hostile", limits: CompileBombs.admitting)
    }
}
