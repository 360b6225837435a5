import Airlock
import AirlockProxyWasm
import AirlockTesting
import Logging
import Testing

@Suite("WASI functions of filters", .serialized)
struct WASITests {
    /// A module that imports WASI functions by name and type, and runs `body` for each request.
    private func module(_ functions: [(String, String)], from module: String = "wasi_snapshot_preview1", _ body: String)
        -> PluginSource
    {
        let imports = functions.map { name, type in #"(import "\#(module)" "\#(name)" (func $\#(name) \#(type)))"# }
        return .wat(
            #"""
            (module
              \#(imports.joined(separator: "\n"))
              (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
              (memory (export "memory") 2)
              (data (i32.const 1024) "one line\0a") (data (i32.const 1040) "more")
              (data (i32.const 1100) "\00\04\00\00\09\00\00\00\10\04\00\00\04\00\00\00")
              (func (export "malloc") (param i32) (result i32) (i32.const 4096))
              (func (export "proxy_abi_version_0_2_1"))
              ;; One character for each answer, "0" for 0.
              (func $say (param i32)
                (i32.store8 (i32.const 0) (i32.add (i32.const 48) (local.get 0)))
                (drop (call $log (i32.const 2) (i32.const 0) (i32.const 1))))
              (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) \#(body) (i32.const 0)))
            """#)
    }

    private func run(
        _ filters: Filters, _ source: PluginSource, _ change: (inout FilterConfiguration) -> Void = { _ in }
    ) async throws {
        let stream = await filters.stream(try await filters.load(source, change))
        _ = await stream.requestHeaders(getRequest, endOfStream: true)
        #expect(await stream.finish().filters.first?.failure == nil)
    }

    /// The character for a number.
    private func letter(_ errno: UInt8) -> String { String(UnicodeScalar(48 + errno)) }

    @Test(
        "Standard output and error go to the log, in both modules",
        arguments: ["wasi_snapshot_preview1", "wasi_unstable"])
    func write(module name: String) async throws {
        try await withFilters { filters in
            try await run(
                filters,
                module(
                    [("fd_write", "(param i32 i32 i32 i32) (result i32)")], from: name,
                    """
                    (call $say (call $fd_write (i32.const 1) (i32.const 1100) (i32.const 1) (i32.const 32)))
                    (call $say (i32.load (i32.const 32)))
                    (call $say (call $fd_write (i32.const 2) (i32.const 1100) (i32.const 2) (i32.const 32)))
                    (call $say (i32.load (i32.const 32)))
                    (call $say (call $fd_write (i32.const 3) (i32.const 1100) (i32.const 1) (i32.const 32)))
                    (call $say (call $fd_write (i32.const 1) (i32.const -4) (i32.const 1) (i32.const 32)))
                    (call $say (call $fd_write (i32.const 1) (i32.const 1100) (i32.const -1) (i32.const 32)))
                    (call $say (call $fd_write (i32.const 1) (i32.const 1100) (i32.const 1) (i32.const -1)))
                    """))
            #expect(
                filters.log.messages == [
                    "one line", "0", letter(9), "one line\\nmore", "0", letter(13), letter(8), letter(21), letter(28),
                    "one line",
                    letter(21),
                ])
            #expect(filters.log.lines.first { $0.message == "one line\\nmore" }?.level == .error)
        }
    }

    @Test("Clocks and random bytes are there")
    func clocks() async throws {
        try await withFilters { filters in
            try await run(
                filters,
                module(
                    [
                        ("clock_time_get", "(param i32 i64 i32) (result i32)"),
                        ("clock_res_get", "(param i32 i32) (result i32)"),
                        ("random_get", "(param i32 i32) (result i32)"),
                    ],
                    """
                    (call $say (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 32)))
                    (call $say (i64.gt_u (i64.load (i32.const 32)) (i64.const 1700000000000000000)))
                    (call $say (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 32)))
                    (call $say (call $clock_time_get (i32.const 2) (i64.const 1) (i32.const 32)))
                    (call $say (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const -4)))
                    (call $say (call $clock_res_get (i32.const 0) (i32.const 32)))
                    (call $say (call $random_get (i32.const 64) (i32.const 64)))
                    (call $say (i64.ne (i64.load (i32.const 64)) (i64.load (i32.const 120))))
                    (call $say (call $random_get (i32.const 64) (i32.const 65537)))
                    (call $say (call $random_get (i32.const -64) (i32.const 128)))
                    """))
            #expect(
                filters.log.messages == ["0", "1", "0", letter(58), letter(21), "0", "0", "1", letter(28), letter(21)])
        }
    }

    @Test("The environment is what the configuration says, and there are no arguments")
    func environment() async throws {
        try await withFilters { filters in
            try await run(
                filters,
                module(
                    [
                        ("environ_sizes_get", "(param i32 i32) (result i32)"),
                        ("environ_get", "(param i32 i32) (result i32)"),
                        ("args_sizes_get", "(param i32 i32) (result i32)"),
                        ("args_get", "(param i32 i32) (result i32)"),
                    ],
                    """
                    (call $say (call $environ_sizes_get (i32.const 32) (i32.const 36)))
                    (call $say (i32.load (i32.const 32))) (call $say (i32.load (i32.const 36)))
                    (call $say (call $environ_get (i32.const 200) (i32.const 300)))
                    (drop (call $log (i32.const 2) (i32.load (i32.const 200)) (i32.const 3)))
                    (drop (call $log (i32.const 2) (i32.load (i32.const 204)) (i32.const 5)))
                    (call $say (call $environ_get (i32.const 200) (i32.const -3)))
                    (call $say (call $args_sizes_get (i32.const 32) (i32.const 36)))
                    (call $say (i32.load (i32.const 32)))
                    (call $say (call $args_get (i32.const 32) (i32.const 36)))
                    """)
            ) { $0.environment = ["LONG": "x", "A": "b"] }
            #expect(
                filters.log.messages.map { $0.replacing("\\u{0}", with: "") } == [
                    "0", "2", letter(11), "0", "A=b", "LONG=", letter(21), "0", "0", "0",
                ])
        }
    }

    @Test("There are no files and no waiting")
    func files() async throws {
        let functions: [(name: String, type: String, call: String, errno: UInt8)] = [
            (
                "path_open", "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)",
                "(i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)",
                44
            ),
            ("fd_prestat_get", "(param i32 i32) (result i32)", "(i32.const 3) (i32.const 0)", 8),
            (
                "fd_prestat_dir_name", "(param i32 i32 i32) (result i32)", "(i32.const 3) (i32.const 0) (i32.const 0)",
                52
            ),
            (
                "fd_read", "(param i32 i32 i32 i32) (result i32)",
                "(i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)", 52
            ),
            (
                "fd_seek", "(param i32 i64 i32 i32) (result i32)",
                "(i32.const 1) (i64.const 0) (i32.const 0) (i32.const 0)", 0
            ),
            ("fd_close", "(param i32) (result i32)", "(i32.const 1)", 0),
            ("fd_fdstat_get", "(param i32 i32) (result i32)", "(i32.const 0) (i32.const 32)", 8),
            ("fd_fdstat_set_flags", "(param i32 i32) (result i32)", "(i32.const 1) (i32.const 0)", 52),
            ("fd_sync", "(param i32) (result i32)", "(i32.const 1)", 0),
            ("path_unlink_file", "(param i32 i32 i32) (result i32)", "(i32.const 1) (i32.const 0) (i32.const 0)", 58),
            ("sock_shutdown", "(param i32 i32) (result i32)", "(i32.const 1) (i32.const 0)", 58),
            (
                "poll_oneoff", "(param i32 i32 i32 i32) (result i32)",
                "(i32.const 0) (i32.const 0) (i32.const 0) (i32.const 32)", 0
            ),
            ("sched_yield", "(result i32)", "", 0),
        ]
        try await withFilters { filters in
            for function in functions {
                try await run(
                    filters,
                    module([(function.name, function.type)], "(call $say (call $\(function.name) \(function.call)))"))
            }
            #expect(filters.log.messages == functions.map { letter($0.errno) })
        }
    }

    @Test("A command that polls for nothing and exits at its end is a filter all the same")
    func command() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                .wat(
                    """
                    (module
                      (import "wasi_unstable" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
                      (import "wasi_unstable" "proc_exit" (func $exit (param i32)))
                      (memory (export "memory") 1)
                      (global $started (mut i32) (i32.const 0))
                      (func (export "malloc") (param i32) (result i32) (i32.const 1024))
                      (func (export "proxy_abi_version_0_2_0"))
                      (func (export "_start")
                        (i32.store (i32.const 64) (i32.const 9))
                        (if (call $poll (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 64)) (then unreachable))
                        (if (i32.load (i32.const 64)) (then unreachable))
                        (call $exit (i32.const 0))
                        (global.set $started (i32.const 1)))
                      (func (export "proxy_on_configure") (param i32 i32) (result i32) (global.get $started)))
                    """))
            #expect(await filter.status().readyLoops == 1)
            #expect(filters.log.lines.contains { $0.level == .error && $0.message.contains("proc_exit(0)") })
        }
    }

    @Test("Standard output says that it can be written, and proc_exit returns")
    func descriptorAndExit() async throws {
        try await withFilters { filters in
            try await run(
                filters,
                module(
                    [("fd_fdstat_get", "(param i32 i32) (result i32)"), ("proc_exit", "(param i32)")],
                    """
                    (call $say (call $fd_fdstat_get (i32.const 1) (i32.const 32)))
                    (call $say (i32.eq (i32.load (i32.const 40)) (i32.const 64)))
                    (call $say (call $fd_fdstat_get (i32.const 1) (i32.const -8)))
                    (call $proc_exit (i32.const 3))
                    (call $say (i32.const 5))
                    """))
            #expect(filters.log.messages.first == "0")
            #expect(filters.log.messages.dropFirst().prefix(2) == ["1", letter(21)])
            #expect(filters.log.messages.last == "5")
            #expect(filters.log.lines.contains { $0.level == .error && $0.message.contains("proc_exit(3)") })
        }
    }

    @Test("Start functions may use what language runtimes need")
    func starting() async throws {
        func source(_ function: String, _ type: String, _ call: String) -> PluginSource {
            .wat(
                """
                (module
                  (import "wasi_snapshot_preview1" "\(function)" (func $f \(type)))
                  (memory (export "memory") 1)
                  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
                  (func (export "proxy_abi_version_0_2_1"))
                  (func (export "_initialize") (drop (call $f \(call)))))
                """)
        }
        try await withFilters { filters in
            _ = try await filters.load(
                source("random_get", "(param i32 i32) (result i32)", "(i32.const 0) (i32.const 8)"))
            _ = try await filters.load(
                source("args_get", "(param i32 i32) (result i32)", "(i32.const 0) (i32.const 8)"))
            // Go's runtime yields and polls, and C's closes its streams when a command ends.
            _ = try await filters.load(source("sched_yield", "(result i32)", ""))
            _ = try await filters.load(source("fd_close", "(param i32) (result i32)", "(i32.const 1)"))
        }
    }
}
