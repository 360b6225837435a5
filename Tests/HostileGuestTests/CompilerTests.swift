import Airlock
import AirlockTesting
import Foundation
import Testing
import Wasmtime

/// A repetition starts processes, and takes tens of milliseconds.
@Suite("Hostile: compile bombs and forged machine code")
struct CompilerTests {
    @Test("A compile bomb does not reach the compiler")
    func bounds() async {
        await #expect(processExitsWith: .success) {
            let bomb = bomb
            try await withstand(repetitions: 50) { host in
                { _ = try await failure(.moduleBounds) { _ = try await host.load(.bytes(bomb), name: "hostile") } }
            }
        }
    }

    @Test("The process that compiles a bomb is killed at its deadline and reaped")
    func deadline() async {
        await #expect(processExitsWith: .success) {
            let bomb = bomb
            let policy = CompilationPolicy.childProcess(limits: CompilerLimits(deadline: .milliseconds(50)))
            try await withstand(repetitions: 10, compiling(policy)) { host in
                var limits = PluginLimits.patient
                limits.module.nestingDepth = .max
                limits.module.trackedValuesPerFunction = .max
                limits.module.trackedValues = .max
                return {
                    let error = try await failure(.compilation) {
                        _ = try await host.load(.bytes(bomb), name: "hostile", limits: limits)
                    }
                    try #require(error.limit == 50_000_000)
                }
            }
        }
    }

    @Test("Machine code in the cache that was changed is never run")
    func forgedCache() async {
        await #expect(processExitsWith: .success) {
            let folder = NSTemporaryDirectory() + "airlock-cache-\(ProcessInfo.processInfo.processIdentifier)"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            var policy = CompilationPolicy.inProcess
            policy.cache = .folder(folder)
            try await withstand(repetitions: 50, compiling(policy)) { host in
                var random = SplitMix(seed: 3)
                return {
                    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
                    where name.hasSuffix(".cwasm") {
                        let file = URL(fileURLWithPath: "\(folder)/\(name)")
                        var bytes = try Data(contentsOf: file)
                        bytes[Int.random(in: 0..<bytes.count, using: &random)] ^=
                            1 << UInt8.random(in: 0..<8, using: &random)
                        try bytes.write(to: file)
                    }
                    let plugin = try await host.load(.wat(answering), name: "hostile", limits: .patient)
                    let answer = try plugin.function("answer", returning: Int32.self)
                    try #require(try await plugin.call(answer).value == 42)
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

/// 500 loops, one inside the other, over 2,000 locals that change in the innermost: some KB that take seconds to compile.
private var bomb: [UInt8] {
    let (locals, depth) = (2_000, 500)
    var code = [1] + WasmBytes.unsigned(UInt64(locals)) + [0x7F]
    for _ in 0..<depth { code += [0x03, 0x40] }
    for local in 0..<locals {
        let index = WasmBytes.unsigned(UInt64(local))
        code += [0x20] + index + [0x41, 0x01, 0x6A, 0x21] + index
    }
    for loop in 0..<depth { code += [0x20] + WasmBytes.unsigned(UInt64(loop)) + [0x0D, 0x00, 0x0B] }
    code.append(0x0B)
    return WasmBytes.preamble + WasmBytes.section(1, [1, 0x60, 0, 0]) + WasmBytes.section(3, [1, 0])
        + WasmBytes.section(10, [1] + WasmBytes.unsigned(UInt64(code.count)) + code)
}
