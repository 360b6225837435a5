import Airlock
import AirlockCapabilities
import AirlockTesting
import Logging
import Testing

@Suite("WASI: process")
struct WASIProcessTests {
    @Test("A guest sees its arguments and the variables that were granted")
    func argumentsAndVariables() async throws {
        try await withPluginHost { host in
            let wasi = WASI(arguments: ["tool", "", "zwölf"], environment: Environment(["B": "2", "A": "one"]))
            let guest = try await WASIGuest(host, wasi)
            #expect(try await guest.call("args_sizes_get", 16, 20) == 0)
            #expect(try await guest.peek(UInt32.self, at: 16) == 3)
            #expect(try await guest.peek(UInt32.self, at: 20) == 13)
            #expect(try await guest.call("args_get", 64, 128) == 0)
            #expect(try await guest.peekText(13, at: 128) == "tool\0\0zwölf\0")
            #expect(try await guest.peek(UInt32.self, at: 68) == 133)
            #expect(try await guest.call("environ_sizes_get", 16, 20) == 0)
            #expect(try await guest.peek(UInt64.self, at: 16) == 10 << 32 | 2)
            #expect(try await guest.call("environ_get", 64, 128) == 0)
            #expect(try await guest.peekText(10, at: 128) == "A=one\0B=2\0")
        }
    }

    @Test("Arguments may end where a memory of 4 GiB ends, and not behind it")
    func endOfLargeMemory() async throws {
        let module = #"""
            (module
              (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
              (memory (export "memory") 65536)
              (func (export "run") (param i32) (result i32) (call $args_get (i32.const 0) (local.get 0)))
              (func (export "last") (result i32) (i32.load8_u (i32.const -2))))
            """#
        var bounds = ModuleBounds()
        bounds.initialMemoryPages = 65_536
        let limits = PluginLimits(deadline: .seconds(60), memory: 4 << 30, module: bounds)
        try await withPluginHost { host in
            let plugin = try await host.loadSuspendable(
                .wat(module), granting: [WASI(arguments: ["tool"])],
                limits: limits)
            let run = try plugin.function("run", taking: Int32.self, returning: Int32.self)
            let last = try plugin.function("last", returning: Int32.self)
            #expect(try await plugin.call(run, -5).value == 0)
            #expect(try await plugin.call(last).value == Int32(UInt8(ascii: "l")))
            #expect(try await plugin.call(run, -4).value == Errno.fault)
        }
    }

    @Test("What was not granted is answered with an error number")
    func nothingGranted() async throws {
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, WASI())
            #expect(try await guest.call("environ_sizes_get", 16, 20) == 0)
            #expect(try await guest.peek(UInt64.self, at: 16) == 0)
            for clock: UInt64 in 0...3 {
                #expect(try await guest.call("clock_time_get", clock, 1, 16) == Errno.notcapable)
                #expect(try await guest.call("clock_res_get", clock, 16) == Errno.notcapable)
            }
            #expect(try await guest.call("random_get", 16, 8) == Errno.notcapable)
            #expect(try await guest.write("text\n", to: 1).errno == Errno.badf)
            #expect(try await guest.write("text\n", to: 2).errno == Errno.badf)
            #expect(try await guest.call("fd_prestat_get", 3, 16) == Errno.badf)
            #expect(try await guest.open("file").errno == Errno.badf)
            #expect(try await guest.read(0) == "")
            #expect(try await guest.call("sock_accept", 0, 0, 16) == Errno.notsock)
            #expect(try await guest.call("sock_recv", 9, 0, 0, 0, 16, 20) == Errno.badf)
            #expect(try await guest.call("proc_raise", 9) == Errno.notsup)
            #expect(try await guest.call("sched_yield") == 0)
        }
    }

    @Test("Clocks are those that were granted")
    func clocks() async throws {
        try await withPluginHost { host in
            let frozen = try await WASIGuest(
                host, WASI(clock: Clock(.frozen(at: .seconds(5)), resolution: .milliseconds(1))))
            #expect(try await frozen.call("clock_time_get", 0, 1, 16) == 0)
            #expect(try await frozen.peek(UInt64.self, at: 16) == 5_000_000_000)
            #expect(try await frozen.call("clock_res_get", 1, 16) == 0)
            #expect(try await frozen.peek(UInt64.self, at: 16) == 1_000_000)
            #expect(try await frozen.call("clock_time_get", 2, 1, 16) == Errno.notsup)
            #expect(try await frozen.call("clock_time_get", 4, 1, 16) == Errno.inval)
            let monotonic = try await WASIGuest(host, WASI(clock: Clock(.monotonic)))
            #expect(try await monotonic.call("clock_time_get", 0, 1, 16) == Errno.notcapable)
            #expect(try await monotonic.call("clock_time_get", 1, 1, 16) == 0)
        }
    }

    @Test("Random bytes come from the grant, and not more at once than it says")
    func randomness() async throws {
        try await withPluginHost { host in
            let wasi = WASI(randomness: Randomness(.seeded(7), bytesPerFill: 100))
            let (first, second) = (try await WASIGuest(host, wasi), try await WASIGuest(host, wasi))
            #expect(try await first.call("random_get", 4096, 100) == 0)
            #expect(try await second.call("random_get", 4096, 100) == 0)
            let bytes = try await first.peek(100, at: 4096)
            #expect(Set(bytes).count > 10)
            #expect(try await second.peek(100, at: 4096) == bytes)
            #expect(try await first.call("random_get", 4096, 101) == Errno.inval)
        }
    }

    @Test("Each line of the standard streams is a message, and the begin of one waits for its end")
    func standardStreams() async throws {
        let log = RecordedLog()
        try await withPluginHost { host in
            let guest = try await WASIGuest(
                host, WASI(log: AirlockCapabilities.Logging(to: log.logger())), name: "talker")
            #expect(try await guest.write("one\ntwo\r\nthr", to: 1) == (0, 12))
            #expect(try await guest.write("error\n", to: 2) == (0, 6))
            #expect(try await guest.write("ee\n\nrest", to: 1) == (0, 8))
            #expect(log.lines.map(\.message) == ["one", "two", "error", "three", ""])
            #expect(log.lines.map(\.level) == [.info, .info, .error, .info, .info])
            #expect(log.lines.allSatisfy { $0.metadata["plugin"] == "talker" })
            #expect(try await guest.call("fd_fdstat_get", 1, 64) == 0)
            #expect(try await guest.peek(1, at: 64) == [2])
            #expect(try await guest.call("fd_seek", 1, 0, 0, 16) == Errno.spipe)
            #expect(try await guest.call("fd_close", 1) == 0)
            #expect(try await guest.write("closed", to: 1).errno == Errno.badf)
            await guest.plugin.unload()
        }
        let last = await log.first { $0.message == "rest" }
        #expect(last.level == .info)
    }

    @Test("A long line becomes several messages without cutting a character, and a flood of lines is taken in parts")
    func longLines() async throws {
        let log = RecordedLog()
        try await withPluginHost { host in
            let grant = AirlockCapabilities.Logging(
                to: log.logger(), limits: LogLimits(bytesPerCall: 1 << 20, bytesPerSecond: 1 << 30))
            let guest = try await WASIGuest(host, WASI(log: grant))
            let text = String(repeating: "ä", count: 10_000) + "\n"
            #expect(try await guest.write(text, to: 1) == (0, 20_001))
            #expect(log.lines.map(\.message).joined() == String(repeating: "ä", count: 10_000))
            #expect(log.lines.map(\.message.utf8.count) == [8192, 8192, 3616])
            #expect(try await guest.write(String(repeating: "\n", count: 1000), to: 1) == (0, 256))
            #expect(log.lines.count == 3 + 256)
        }
    }

    @Test(
        "A guest that exits ends the call, and what it wrote before is in the log",
        arguments: [0, 3, 0xFFFF_FFFF] as [UInt64])
    func exit(code: UInt64) async throws {
        let log = RecordedLog()
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, WASI(log: AirlockCapabilities.Logging(to: log.logger())))
            _ = try await guest.write("bye", to: 1)
            let error = await #expect(throws: PluginError.self) { try await guest.call("proc_exit", code) }
            #expect(error?.code == .exit)
            #expect(error?.exitCode == UInt32(code))
            #expect(error?.message == "the guest exited with the code \(code)")
            #expect(log.lines.map(\.message) == ["bye"])
            // The next call gets an instance of its own.
            #expect(try await guest.call("sched_yield") == 0)
        }
    }
}

@Suite("Commands")
struct CommandTests {
    private func command(_ body: String) -> PluginSource {
        .wat(
            #"""
            (module
              (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
              (memory (export "memory") 1)
              (global $runs (mut i32) (i32.const 0))
              (func (export "runs") (result i32) (global.get $runs))
              (func (export "_start") (global.set $runs (i32.add (global.get $runs) (i32.const 1))) \#(body)))
            """#)
    }

    @Test(
        "A command that returns or exits gives its code, which is no failure",
        arguments: [("", 0), ("(call $exit (i32.const 0))", 0), ("(call $exit (i32.const 7))", 7)] as [(String, UInt32)]
    )
    func exitCodes(body: String, code: UInt32) async throws {
        try await withPluginHost { host in
            let plugin = try await host.loadSuspendable(command(body), granting: [WASI()])
            var events = RecordedEvents(of: host)
            for _ in 0..<20 {
                let result = try await plugin.runCommand()
                #expect(result.value == code)
                #expect(result.report.fuelUsed > 0)
            }
            #expect(await plugin.totals().calls == 20)
            #expect(!plugin.isQuarantined)
            await plugin.unload()
            let event = await events.first { _ in true }
            #expect(event.map { "\($0)" }?.contains("instanceDiscarded") == false)
        }
    }

    @Test("Each run has an instance of its own, which serves nothing else")
    func freshInstances() async throws {
        try await withPluginHost { host in
            let plugin = try await host.loadSuspendable(
                command("(call $exit (i32.sub (global.get $runs) (i32.const 1)))"), granting: [WASI()])
            let runs = try plugin.function("runs", returning: Int32.self)
            for _ in 0..<3 {
                #expect(try await plugin.runCommand().value == 0)
                #expect(try await plugin.call(runs).value == 0)
            }
        }
    }

    @Test("A command that traps or runs out of fuel fails with that")
    func failures() async throws {
        try await withPluginHost { host in
            let trapping = try await host.loadSuspendable(command("unreachable"), granting: [WASI()])
            let trap = await #expect(throws: PluginError.self) { try await trapping.runCommand() }
            #expect(trap?.code == .trap)
            let endless = try await host.loadSuspendable(
                command("(loop br 0)"), granting: [WASI()], limits: PluginLimits(fuel: 10_000))
            let fuel = await #expect(throws: PluginError.self) { try await endless.runCommand() }
            #expect(fuel?.code == .fuel)
            let library = try await host.loadSuspendable(.wat(#"(module (func (export "f")))"#))
            let missing = await #expect(throws: PluginError.self) { try await library.runCommand() }
            #expect(missing?.code == .missingExport)
        }
    }
}
