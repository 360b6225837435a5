import Airlock
import AirlockCapabilities
import AirlockTesting
import Logging
import Testing

@Suite("Logging")
struct LoggingTests {
    private let log = RecordedLog()

    /// Runs `body` with a session of a plugin named "chatty" that has the grant.
    private func withPlugin(
        _ grant: AirlockCapabilities.Logging,
        _ body: (Plugin, GuestFunction<Int32, Int32, Int32, Int32>) async throws -> Void
    ) async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(chatty), name: "chatty", granting: [grant])
            try await body(
                plugin,
                try plugin.function("write", taking: Int32.self, Int32.self, Int32.self, returning: Int32.self)
            )
        }
    }

    /// Writes the texts in one call of the plugin; what the guest was told of each.
    private func write(_ texts: [[UInt8]], level: Int32 = 2, with grant: AirlockCapabilities.Logging) async throws
        -> [Int32]
    {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(chatty), name: "chatty", granting: [grant])
            let write = try plugin.function(
                "write", taking: Int32.self, Int32.self, Int32.self, returning: Int32.self)
            return try await plugin.withSession { (session) throws(PluginError) in
                var results: [Int32] = []
                for text in texts {
                    try session.write(text, at: 0)
                    results.append(try session.call(write, level, 0, Int32(text.count)))
                }
                return results
            }.value
        }
    }

    private func write(_ texts: [String], level: Int32 = 2, with grant: AirlockCapabilities.Logging) async throws
        -> [Int32]
    {
        try await write(texts.map { Array($0.utf8) }, level: level, with: grant)
    }

    private var messages: [String] { log.lines.map(\.message) }

    @Test func `messages go to the logger with the plugin's name`() async throws {
        #expect(try await write(["hello", ""], with: Logging(to: log.logger())) == [0, 0])
        #expect(messages == ["hello", ""])
        #expect(log.lines.allSatisfy { $0.metadata == ["plugin": "chatty"] && $0.source == "plugin" })
    }

    @Test func `each level arrives as itself from the lowest one on`() async throws {
        let grant = Logging(to: log.logger(), from: .notice)
        var results: [Int32] = []
        for level in Int32(0)...6 { results += try await write(["x"], level: level, with: grant) }
        #expect(results == [-1, -1, -1, 0, 0, 0, 0])
        #expect(log.lines.map(\.level) == [.notice, .warning, .error, .critical])
    }

    @Test func `the lowest level is the higher one of the grant's and the logger's`() async throws {
        for (grant, lowest) in [
            (Logging(to: log.logger(level: .trace), from: .warning), Int32(4)),
            (Logging(to: log.logger(level: .error), from: .debug), 5),
        ] {
            try await withPlugin(grant) { (plugin, _) async throws in
                let level = try plugin.function("level", returning: Int32.self)
                #expect(try await plugin.call(level).value == lowest)
            }
        }
    }

    @Test(arguments: [7, -1, Int32.max]) func `a level that does not exist ends the call`(level: Int32) async throws {
        let error = await #expect(throws: PluginError.self) {
            try await write(["x"], level: level, with: Logging(to: log.logger()))
        }
        #expect(error?.code == .badArgument)
    }

    @Test func `lines cannot be forged`() async throws {
        let text = "one\ntwo\r\u{1b}[0m\u{85}\u{2028}\u{202E}\u{7f}\0\ttab"
        _ = try await write([text], with: Logging(to: log.logger()))
        #expect(messages == [#"one\ntwo\u{d}\u{1b}[0m\u{85}\u{2028}\u{202e}\u{7f}\u{0}"# + "\ttab"])
    }

    @Test func `what is not UTF-8 is repaired, and the plugin goes on`() async throws {
        let texts: [[UInt8]] = [[0x61, 0xff, 0x62], [0xc3], [0xed, 0xa0, 0x80], [0x80, 0x80, 0x80, 0x80]]
        #expect(try await write(texts, with: Logging(to: log.logger())) == [0, 0, 0, 0])
        #expect(messages.first == "a\u{FFFD}b")
        #expect(messages.allSatisfy { $0.unicodeScalars.contains("\u{FFFD}") })
    }

    @Test func `a message over its bytes is cut with a mark`() async throws {
        let grant = Logging(to: log.logger(), limits: LogLimits(bytesPerMessage: 5))
        #expect(try await write(["12345", "123456", "1234é", "12\n456"], with: grant) == [0, 1, 1, 1])
        #expect(
            messages == [
                "12345", "12345[… cut from 6 bytes]", "1234[… cut from 6 bytes]", #"12\n4[… cut from 6 bytes]"#,
            ])
        #expect(log.lines.map { $0.metadata["cut-from-bytes"] } == [nil, "6", "6", "6"])
    }

    @Test func `over the bytes of a call one message is cut and the next ones are counted`() async throws {
        let clock = ManualClock()
        let limits = LogLimits(bytesPerCall: 2 * LogLimits.bytesPerLine + 15)
        let grant = Logging(to: log.logger(), limits: limits, clock: clock)
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(chatty), name: "chatty", granting: [grant])
            let write = try plugin.function(
                "write", taking: Int32.self, Int32.self, Int32.self, returning: Int32.self)
            let first = try await plugin.withSession { (session) throws(PluginError) in
                try session.write(Array("0123456789".utf8), at: 0)
                return [
                    try session.call(write, 2, 0, 10), try session.call(write, 2, 0, 10),
                    try session.call(write, 2, 0, 10), try session.call(write, 2, 0, 4),
                ]
            }
            #expect(first.value == [0, 1, -2, -2])
            #expect(messages == ["0123456789", "01234[… cut from 10 bytes]"])
            // The next call has its own bytes, and says first what the one before could not write.
            #expect(try await plugin.call(write, 2, 0, 3).value == 0)
            #expect(messages.suffix(2) == ["[… 2 messages (14 bytes) suppressed]", "012"])
            #expect(log.lines[2].metadata["suppressed-messages"] == "2")
            #expect(log.lines[2].metadata["suppressed-bytes"] == "14")
        }
    }

    @Test func `over the bytes of a second messages are counted, and the count is written a second later`() async throws
    {
        let clock = ManualClock()
        let grant = Logging(to: log.logger(), limits: LogLimits(bytesPerSecond: 100), clock: clock)
        try await withPlugin(grant) { (plugin, write) async throws in
            #expect(try await plugin.call(write, 2, 0, 60).value == 0)
            for _ in 0..<3 { #expect(try await plugin.call(write, 2, 0, 10).value == -2) }
            #expect(messages.count == 1)
            await clock.sleepers(1)
            clock.advance(by: .seconds(1))
            let summary = await log.first { $0.metadata["suppressed-messages"] != nil }
            #expect(summary.message == "[… 3 messages (30 bytes) suppressed]")
            #expect(summary.metadata["plugin"] == "chatty")
            // 124 bytes of 100 were used; a second brought 100 more.
            #expect(try await plugin.call(write, 2, 0, 1).value == 0)
            #expect(log.lines.count == 3)
        }
    }

    @Test func `what was suppressed is told when the grant is freed`() async throws {
        let limits = LogLimits(bytesPerSecond: 0)
        let results = try await write(
            ["x", "y"], with: Logging(to: log.logger(), limits: limits, clock: ManualClock()))
        #expect(results == [-2, -2])
        let summary = await log.first { _ in true }
        #expect(summary.message == "[… 2 messages (2 bytes) suppressed]")
    }

    @Test func `what is written counts in the call's report and against the quota`() async throws {
        try await withPluginHost { host in
            let most = UInt64(2 * LogLimits.bytesPerLine)
            let quota = try Quota("tenant", logBytes: QuotaRate(1, per: .seconds(86_400), burst: most))
            let grant = Logging(to: log.logger(), limits: LogLimits(bytesPerMessage: 5))
            let plugin = try await host.load(.wat(chatty), name: "chatty", granting: [grant], quota: quota)
            let write = try plugin.function(
                "write", taking: Int32.self, Int32.self, Int32.self, returning: Int32.self)
            // The mark of a message that was cut is the host's, and the rest was not written.
            #expect(try await plugin.call(write, 2, 0, 10).report.logBytes == LogLimits.bytesPerLine + 5)
            #expect(try await plugin.call(write, 0, 0, 10).report.logBytes == 0)
            let error = await #expect(throws: PluginError.self) { try await plugin.call(write, 2, 0, 5) }
            #expect(error?.code == .quotaExceeded)
            #expect(error?.quota == "tenant")
            #expect(messages.count == 1)
        }
    }

    @Test func `empty messages are not free`() async throws {
        let limits = LogLimits(bytesPerCall: 10 * LogLimits.bytesPerLine)
        let results = try await write(
            [String](repeating: "", count: 12), with: Logging(to: log.logger(), limits: limits))
        #expect(results == [Int32](repeating: 0, count: 10) + [-2, -2])
    }

    @Test(arguments: forgedPointers)
    func `forged pointers end the call, whatever the level and the budget`(offset: Int32, count: Int32) async throws {
        for grant in [
            Logging(to: log.logger()),
            Logging(to: log.logger(), limits: LogLimits(bytesPerMessage: 0, bytesPerCall: 0, bytesPerSecond: 0)),
        ] {
            try await withPlugin(grant) { (plugin, write) async throws in
                for level in [Int32(0), 6] {
                    let error = await #expect(throws: PluginError.self) {
                        try await plugin.call(write, level, offset, count)
                    }
                    #expect(error?.code == .badArgument)
                }
            }
        }
        #expect(messages.isEmpty)
    }

    @Test func `without the grant the plugin is refused with the full list`() async throws {
        let configuration = PluginHostConfiguration(workers: 1, knownCapabilities: [AirlockCapabilities.Logging.self])
        try await withPluginHost(configuration) { host in
            let error = await #expect(throws: PluginError.self) { try await host.load(.wat(chatty)) }
            #expect(error?.code == .missingCapability)
            for name in ["write", "level"] {
                #expect(error?.message.contains("airlock:log.\(name) needs the capability 'airlock:log'") == true)
            }
        }
    }

    @Test func `a wish narrows level and bytes and never widens them`() throws {
        let grant = Logging(
            from: .info, limits: LogLimits(bytesPerMessage: 100, bytesPerCall: 200, bytesPerSecond: 300))
        let wish = CapabilityWish(
            "airlock:log",
            parameters: ["level": .text("error"), "bytesPerMessage": .integer(50), "bytesPerCall": .text("1 MiB")]
        )
        let narrow = try grant.attenuated(to: wish)
        #expect(narrow.minimumLevel == .error)
        #expect(narrow.limits == LogLimits(bytesPerMessage: 50, bytesPerCall: 200, bytesPerSecond: 300))
        let loud = CapabilityWish("airlock:log", parameters: ["level": .text("trace")])
        #expect(try grant.attenuated(to: loud).minimumLevel == .info)
        let mistake = #expect(throws: PluginError.self) {
            try grant.attenuated(to: CapabilityWish("airlock:log", parameters: ["level": .text("loud")]))
        }
        #expect(mistake?.code == .manifest)
    }

    @Test func `a policy sets level and bytes`() throws {
        let policy: [String: ManifestValue] = ["level": .text("debug"), "bytesPerSecond": .text("1 KiB")]
        let grant = try ManifestFields.read(policy) { (fields) throws(PluginError) in
            try Logging(policy: &fields, to: log.logger())
        }
        #expect(grant.minimumLevel == .debug)
        #expect(grant.limits == LogLimits(bytesPerSecond: 1024))
    }
}

private let chatty = #"""
    (module
      (import "airlock:log" "write" (func $write (param i32 i32 i32) (result i32)))
      (import "airlock:log" "level" (func $level (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "0123456789012345678901234567890123456789012345678901234567890123")
      (func (export "write") (param i32 i32 i32) (result i32) local.get 0 local.get 1 local.get 2 call $write)
      (func (export "level") (result i32) call $level))
    """#
