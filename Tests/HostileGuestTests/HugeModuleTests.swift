import Airlock
import AirlockTesting
import Foundation
import TestSupport
import Testing
import Wasmtime

@Suite("Hostile: huge modules", .hostile)
struct HugeModuleTests {
    /// What the host may take to refuse a module, beside the module's own bytes.
    static let mostBytes = 50 << 20
    /// The processor time that it may take.
    static let mostTime = Duration.milliseconds(100)

    @Test("A module of 100 MB is refused before it is read or copied")
    func hundredMegabytes() async {
        await #expect(processExitsWith: .success) {
            var bytes = WasmBytes.preamble + [0] + WasmBytes.unsigned(100_000_000) + [0]
            bytes += [UInt8](repeating: 0, count: 100_000_000 - 1)
            try await refuse(.bytes(bytes), limit: 32 << 20, used: UInt64(bytes.count))
        }
    }

    @Test("A file of 100 MB is refused before it is read")
    func hugeFile() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let path = folder.at("huge.wasm")
            try Data(WasmBytes.preamble).write(to: URL(fileURLWithPath: path))
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try file.truncate(atOffset: 100_000_000)
            try file.close()
            try await refuse(.file(path), limit: 32 << 20, used: 100_000_000)
        }
    }

    @Test("A million functions are refused")
    func functions() async {
        await #expect(processExitsWith: .success) {
            let million = WasmBytes.unsigned(1_000_000)
            let indices = [UInt8](repeating: 0, count: 1_000_000)
            let bodies = (0..<1_000_000).flatMap { _ in [2, 0, 0x0B] as [UInt8] }
            let bytes =
                WasmBytes.preamble + WasmBytes.section(1, [1, 0x60, 0, 0]) + WasmBytes.section(3, million + indices)
                + WasmBytes.section(10, million + bodies)
            try await refuse(.bytes(bytes), limit: 100_000, used: 1_000_000)
        }
    }

    @Test("A million imports are refused")
    func imports() async {
        await #expect(processExitsWith: .success) {
            let imports = (0..<1_000_000).flatMap { _ in [1, 0x61, 1, 0x62, 0, 0] as [UInt8] }
            let bytes =
                WasmBytes.preamble + WasmBytes.section(1, [1, 0x60, 0, 0])
                + WasmBytes.section(2, WasmBytes.unsigned(1_000_000) + imports)
            try await refuse(.bytes(bytes), limit: 1_000, used: 1_000_000)
        }
    }

    @Test("A million exports are refused")
    func exports() async {
        await #expect(processExitsWith: .success) {
            let exports = (0..<1_000_000).flatMap { (number: Int) -> [UInt8] in
                let name = Array(String(number, radix: 36).utf8)
                return [UInt8(name.count)] + name + [3, 0]
            }
            let bytes =
                WasmBytes.preamble + WasmBytes.section(6, [1, 0x7F, 0, 0x41, 0, 0x0B])
                + WasmBytes.section(7, WasmBytes.unsigned(1_000_000) + exports)
            try await refuse(.bytes(bytes), limit: 10_000, used: 1_000_000)
        }
    }

    @Test("A function with 150,000 blocks is refused")
    func blocks() async {
        await #expect(processExitsWith: .success) {
            let instructions = (0..<150_000).flatMap { _ in [2, 0x40, 0x0B] as [UInt8] }
            try await refuse(.bytes(module(body: [0] + instructions)), limit: 10_000, used: 10_001)
        }
    }

    @Test("A function with four billion locals in six bytes is refused")
    func locals() async {
        await #expect(processExitsWith: .success) {
            try await refuse(.bytes(module(body: [1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7E])), limit: 5_000, used: nil)
        }
    }

    @Test("Blocks that are nested a hundred thousand deep are refused")
    func nesting() async {
        await #expect(processExitsWith: .success) {
            let instructions =
                (0..<100_000).flatMap { _ in [2, 0x40] as [UInt8] } + [UInt8](repeating: 0x0B, count: 100_000)
            // The bound of all blocks is the same by default, and met first.
            try await refuse(.bytes(module(body: [0] + instructions)), limit: 1_000, used: 1_001) {
                $0.nestingDepth = 1_000
            }
        }
    }

    @Test("A count that claims four billion of something is refused, and nothing is allocated for it")
    func claims() async {
        await #expect(processExitsWith: .success) {
            let limits: [(UInt8, UInt64)] = [
                (1, 10_000), (2, 1_000), (3, 100_000), (4, 16), (5, 1), (6, 10_000), (7, 10_000), (9, 10_000),
                (11, 500_000), (13, 100),
            ]
            try await withstand { host in
                taking(limits) { section, limit in
                    let bytes = WasmBytes.preamble + WasmBytes.section(section, [0xFF, 0xFF, 0xFF, 0xFF, 0x0F])
                    let before = try PeakMemory.reset()
                    let error = try await failure(.moduleBounds) {
                        _ = try await host.load(.bytes(bytes), name: "hostile")
                    }
                    try #require(error.limit == limit && error.used == 0xFFFF_FFFF, "\(error)")
                    try #require(PeakMemory.bytes - before < HugeModuleTests.mostBytes)
                    // As many bodies as functions are wanted, and there are none.
                    let bodies = WasmBytes.preamble + WasmBytes.section(10, [0xFF, 0xFF, 0xFF, 0xFF, 0x0F])
                    _ = try await failure(.invalidModule) { _ = try await host.load(.bytes(bodies), name: "hostile") }
                }
            }
        }
    }
}

/// Expects the refusal of a module by its bounds, so that the compiler never saw it, with little memory and processor time. The time is that
/// of the process, and of the quickest repetition: what other processes do on the same core counts as well.
private func refuse(
    _ source: PluginSource, limit: UInt64, used: UInt64?, _ change: (inout ModuleBounds) -> Void = { _ in }
) async throws {
    var limits = PluginLimits()
    change(&limits.module)
    var quickest = Duration.seconds(1_000)
    // Walking over megabytes takes milliseconds in a debug build.
    try await withstand(repetitions: 20) { host in
        {
            let before = try PeakMemory.reset()
            let begun = processorTime()
            let error = try await failure(.moduleBounds) {
                _ = try await host.load(source, name: "hostile", limits: limits)
            }
            quickest = min(quickest, processorTime() - begun)
            try #require(error.limit == limit, "\(error)")
            if let used { try #require(error.used == used, "\(error)") }
            try #require(PeakMemory.bytes - before < HugeModuleTests.mostBytes)
        }
    }
    try #require(quickest < HugeModuleTests.mostTime)
}

/// What this process has used of the processors.
private func processorTime() -> Duration {
    var time = timespec()
    // Safe: the call writes this one value.
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

private func module(body: [UInt8]) -> [UInt8] {
    let body = body + [0x0B]
    return WasmBytes.preamble + WasmBytes.section(1, [1, 0x60, 0, 0]) + WasmBytes.section(3, [1, 0])
        + WasmBytes.section(10, [1] + WasmBytes.unsigned(UInt64(body.count)) + body)
}

/// The most memory that this process had at a time since the last reset.
private enum PeakMemory {
    /// Starts again from what is in memory now, and returns that.
    static func reset() throws -> Int {
        // Documented in proc(5): 5 resets the peak of the resident set.
        try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
        return bytes
    }

    static var bytes: Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .ascii)) ?? ""
        return status.firstMatch(of: /VmHWM:\s+(\d+) kB/).flatMap { Int($0.1) }.map { $0 << 10 } ?? 0
    }
}
