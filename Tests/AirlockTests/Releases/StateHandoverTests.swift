import Airlock
import AirlockTesting
import Testing

@Suite("Handing state to the next version")
struct StateHandoverTests {
    /// A plugin that counts its calls. A version answers with what it counts, times its factor.
    private func counter(
        factor: Int,
        format: Int = 1,
        save: String = "(i64.const 0x0000_0010_0000_0004)",
        restore: String = """
        (if (i32.ne (local.get $format) (i32.const 1)) (then (return (i32.const 7))))
        (memory.copy (i32.const 16) (local.get $offset) (local.get $length))
        (i32.const 0)
        """,
        allocate: String = "(i32.const 1024)"
    ) -> PluginSource {
        .wat(
            """
            (module
              (memory (export "memory") 1)
              (func (export "count") (result i32)
                (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))
                (i32.mul (i32.load (i32.const 16)) (i32.const \(factor))))
              (func (export "airlock_save_state") (result i64) \(save))
              (func (export "airlock_state_format") (result i32) (i32.const \(format)))
              (func (export "airlock_allocate") (param i32) (result i32) \(allocate))
              (func (export "airlock_restore_state") (param $format i32) (param $offset i32) (param $length i32) (result i32)
                \(restore)))
            """)
    }

    private func withCounter(
        _ first: PluginSource, _ policy: ReloadPolicy = ReloadPolicy(),
        _ body: (Plugin, GuestFunction<Int32>, inout RecordedEvents) async throws -> Void
    ) async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 1)) { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(first, reload: policy)
            let count = try plugin.function("count", returning: Int32.self)
            for expected in 1...3 { #expect(try await plugin.call(count).value == Int32(expected)) }
            try await body(plugin, count, &events)
        }
    }

    @Test("A module that is being quarantined hands over nothing")
    func quarantined() async throws {
        try await withCounter(counter(factor: 1)) { plugin, count, _ in
            let bad = try await plugin.reload(from: counter(factor: 100))
            #expect(try await plugin.call(count).value == 400)
            try await plugin.releases.quarantine(bad.digest, because: "it counts wrongly")
            #expect(try await plugin.call(count).value == 1)
        }
    }

    @Test("A version goes on with the state of the one that it replaces, and a rollback with that of the newer one")
    func handsOver() async throws {
        try await withCounter(counter(factor: 1)) { plugin, count, events in
            try await plugin.reload(from: counter(factor: 100))
            #expect(try await plugin.call(count).value == 400)
            let event = await events.first { if case .stateRestored = $0.kind { true } else { false } }
            guard case .stateRestored(bytes: 4) = event?.kind else {
                Issue.record("\(String(describing: event))")
                return
            }
            #expect(event?.version == 2)
            try await plugin.releases.rollBack()
            #expect(try await plugin.call(count).value == 5)
        }
    }

    @Test(
        "A version that was tried takes over with the state of the one that served meanwhile, not with that of its trial",
        arguments: [
            ReloadStrategy.canary(share: 0.5, for: .seconds(3_600)),
            .shadow(for: .seconds(3_600), errorBudget: ErrorBudget(share: 1)),
        ])
    func tried(strategy: ReloadStrategy) async throws {
        try await withCounter(counter(factor: 1)) { plugin, count, events in
            try await plugin.releases.reload(from: counter(factor: 100), strategy: strategy)
            // Calls 4, 5 and 6 of the version that serves.
            var served = 0
            while served < 3 { if try await plugin.call(count).value < 100 { served += 1 } }
            try await plugin.releases.promote()
            #expect(try await plugin.call(count).value == 700)
            _ = await events.first { if case .stateRestored(bytes: 4) = $0.kind { true } else { false } }
        }
    }

    @Test("A module that saves no state is replaced by one that begins without")
    func none() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 1)) { host in
            let text = #"(module (func (export "count") (result i32) (i32.const 9)))"#
            let plugin = try await host.load(.wat(text))
            let count = try plugin.function("count", returning: Int32.self)
            #expect(try await plugin.call(count).value == 9)
            try await plugin.reload(from: counter(factor: 1))
            #expect(try await plugin.call(count).value == 1)
        }
    }

    @Test("State that cannot be saved is lost and reported, and the new version serves")
    func cannotSave() async throws {
        let attempts: [(String, PluginError.Code)] = [
            ("unreachable", .trap),
            ("(i64.const 0x0000_0010_ffff_ffff)", .output),
            ("(i64.const 0xffff_fff0_0000_0040)", .badArgument),
            ("(loop (br 0)) (i64.const 0)", .fuel),
        ]
        for (save, code) in attempts {
            try await withCounter(counter(factor: 1, save: save)) { plugin, count, events in
                try await plugin.reload(from: counter(factor: 100))
                try await expectLoss(code, &events)
                #expect(try await plugin.call(count).value == 100)
            }
        }
    }

    @Test("State that the new version does not take is lost and reported, with nothing of it in what serves")
    func cannotRestore() async throws {
        let attempts: [(PluginSource, PluginError.Code)] = [
            (counter(factor: 100, restore: "(i32.store (i32.const 16) (i32.const 50)) unreachable"), .trap),
            (counter(factor: 100, restore: "(i32.store (i32.const 16) (i32.const 50)) (i32.const 1)"), .guestError),
            (counter(factor: 100, allocate: "(i32.const 0)"), .guestError),
            (counter(factor: 100, allocate: "(i32.const -2)"), .badArgument),
        ]
        for (source, code) in attempts {
            try await withCounter(counter(factor: 1)) { plugin, count, events in
                try await plugin.reload(from: source)
                try await expectLoss(code, &events)
                #expect(try await plugin.call(count).value == 100)
            }
        }
        try await withCounter(counter(factor: 1, format: 2)) { plugin, count, events in
            try await plugin.reload(from: counter(factor: 100))
            try await expectLoss(.guestError, &events)
            #expect(try await plugin.call(count).value == 100)
        }
    }

    @Test("State has at most as many bytes as the policy says")
    func bounded() async throws {
        try await withCounter(counter(factor: 1), ReloadPolicy(stateBytes: 3)) { plugin, count, events in
            try await plugin.reload(from: counter(factor: 100))
            let error = try await expectLoss(.output, &events)
            #expect(error.limit == 3)
            #expect(error.used == 4)
            #expect(try await plugin.call(count).value == 100)
        }
    }

    @discardableResult
    private func expectLoss(
        _ code: PluginError.Code, _ events: inout RecordedEvents
    ) async throws -> PluginError {
        let event = await events.first { if case .stateLost = $0.kind { true } else { false } }
        guard case .stateLost(let error) = event?.kind else { throw NoEvent() }
        #expect(error.code == code)
        return error
    }

    private struct NoEvent: Error {}
}
