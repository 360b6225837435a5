import Airlock
import AirlockTesting
import TestSupport
import Testing

@Suite("What counts against a version that is being tried, and what it may take", .timeLimit(.minutes(2)))
struct TrialTests {
    private let long = Duration.seconds(3_600)
    private let strict = ErrorBudget(share: 0, ofAtLeast: 1)

    /// Traps where it is called with 1, whatever its number.
    private func picky(_ value: Int32) -> PluginSource {
        .wat(
            """
            (module (func (export "answer") (param i32) (result i32)
              (if (i32.eq (local.get 0) (i32.const 1)) (then unreachable)) (i32.const \(value))))
            """)
    }

    @Test("A call that fails alike on both versions does not count")
    func poison() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(picky(7))
            let answer = try plugin.function("answer", taking: Int32.self, returning: Int32.self)
            try await plugin.releases.reload(
                from: picky(8), strategy: .canary(share: 1, for: long, errorBudget: strict))
            let error = await #expect(throws: PluginError.self) { try await plugin.call(answer, 1) }
            #expect(error?.code == .trap)
            #expect(try await plugin.call(answer, 0).value == 8)
            #expect(await plugin.releases.list().first?.state == .canary(TrialResult(calls: 1)))
        }
    }

    @Test("A version that overdrew its budget is quarantined, also where another one comes first")
    func overtaken() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(answering(1)))
            let answer = try plugin.function("answer", returning: Int32.self)
            let bad = try await plugin.releases.reload(
                from: .wat(trapping), strategy: .canary(share: 1, for: long, errorBudget: strict))
            #expect(try await plugin.call(answer).value == 1)
            try await plugin.reload(from: .wat(answering(2)))
            #expect(await plugin.releases.quarantined().map(\.digest) == [bad.digest])
            #expect(try await plugin.call(answer).value == 2)
        }
    }

    @Test("A version without an export that was looked up meanwhile is not promoted")
    func lookedUp() async throws {
        try await withPluginHost { host in
            let both = #"(module (func (export "f")) (func (export "g")))"#
            let plugin = try await host.load(.wat(both))
            try await plugin.releases.reload(
                from: .wat(#"(module (func (export "f")))"#), strategy: .canary(share: 0.5, for: long))
            let g = try plugin.function("g")
            let error = await #expect(throws: PluginError.self) { try await plugin.releases.promote() }
            #expect(error?.code == .missingExport)
            #expect(plugin.currentVersion?.number == 1)
            try await plugin.releases.drop()
            try await plugin.call(g)
        }
    }

    @Test("A version that spins takes nothing of the loop from the one that serves", arguments: [true, false])
    func spinning(isShadow: Bool) async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 1)) { host in
            var limits = PluginLimits(deadline: .seconds(60))
            limits.fuel = .max
            limits.loopShare = LoopShare(perSecond: .milliseconds(300), burst: .milliseconds(300))
            let plugin = try await host.load(.wat(answering(1)), limits: limits)
            let answer = try plugin.function("answer", returning: Int32.self)
            let strategy =
                isShadow
                ? ReloadStrategy.shadow(for: long, errorBudget: strict)
                : .canary(share: 1, for: long, errorBudget: strict)
            var events = RecordedEvents(of: host)
            let spinning = #"(module (func (export "answer") (result i32) (loop br 0) i32.const 1))"#
            try await plugin.releases.reload(from: .wat(spinning), strategy: strategy)
            #expect(try await plugin.call(answer).value == 1)
            let end = await events.first { if case .trialEnded = $0.kind { true } else { false } }
            guard case .trialEnded(let result, .overBudget) = end?.kind else {
                Issue.record("\(String(describing: end))")
                return
            }
            #expect(result.failures == 1)
            #expect(try await plugin.call(answer).value == 1)
        }
    }

    @Test("A session that went on after a failure counts as one")
    func sessions() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(answering(1)))
            let answer = try plugin.function("answer", returning: Int32.self)
            try await plugin.releases.reload(
                from: .wat(trapping), strategy: .canary(share: 1, for: long, errorBudget: ErrorBudget(share: 1)))
            _ = try await plugin.withSession { session in _ = try? session.call(answer) }
            #expect(await plugin.releases.list().first?.state == .canary(TrialResult(calls: 1, failures: 1)))
        }
    }

    @Test("A version that is being started takes no place from calls")
    func places() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 1)) { host in
            let gate = Gate()
            let plugin = try await host.loadSuspendable(
                .wat(answering(1)), granting: [WaitingAtGate(gate: gate)],
                limits: PluginLimits(deadline: .seconds(600), concurrentCalls: 1))
            let answer = try plugin.function("answer", returning: Int32.self)
            let reload = Task { try await plugin.reload(from: .wat(waitingStart(2))) }
            await gate.arrivals(1)
            #expect(try await plugin.call(answer).value == 1)
            gate.open()
            _ = try await reload.value
            #expect(try await plugin.call(answer).value == 2)
        }
    }

    @Test("What still runs on it when its window has passed is waited for")
    func windowEnd() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 1)) { host in
            let gate = Gate()
            let plugin = try await host.loadSuspendable(
                picky(1), granting: [WaitingAtGate(gate: gate)], limits: PluginLimits(deadline: .seconds(600)))
            let answer = try plugin.function("answer", taking: Int32.self, returning: Int32.self)
            var events = RecordedEvents(of: host)
            let late = try await plugin.releases.reload(
                from: .wat(
                    """
                    (module (import "test" "wait" (func $wait)) (func (export "answer") (param i32) (result i32)
                      (if (local.get 0) (then call $wait unreachable)) (i32.const 2)))
                    """),
                strategy: .canary(
                    share: 1, for: .milliseconds(20), errorBudget: ErrorBudget(share: 0, ofAtLeast: 2), fallsBack: false
                ))
            // Before anything is known of it, a window that passes is begun anew.
            let failing = Task { try await plugin.call(answer, 1).value }
            await gate.arrivals(1)
            #expect(try await plugin.call(answer, 0).value == 2)
            // Another plugin's window, which began later, has passed when this one's has.
            let other = try await host.loadSuspendable(.wat(answering(1)))
            let otherAnswer = try other.function("answer", returning: Int32.self)
            try await other.releases.reload(
                from: .wat(answering(2)), strategy: .canary(share: 1, for: .milliseconds(20)))
            _ = try await other.call(otherAnswer)
            _ = await events.first { if case .trialEnded(_, .passed) = $0.kind { true } else { false } }
            #expect(plugin.currentVersion?.number == 1)
            gate.open()
            await #expect(throws: PluginError.self) { try await failing.value }
            _ = await events.first { if case .moduleQuarantined = $0.kind { true } else { false } }
            #expect(await plugin.releases.quarantined().map(\.digest) == [late.digest])
            #expect(plugin.currentVersion?.number == 1)
        }
    }

    @Test("Calls of a version that serves again go on after the drain deadline")
    func cameBack() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 1)) { host in
            let gate = Gate()
            var events = RecordedEvents(of: host)
            func load(_ name: String) async throws -> SuspendablePlugin {
                try await host.loadSuspendable(
                    .wat(waitingCall(1)), name: name, granting: [WaitingAtGate(gate: gate)],
                    limits: PluginLimits(deadline: .seconds(600)),
                    reload: ReloadPolicy(drainDeadline: .milliseconds(20)))
            }
            let plugin = try await load("first")
            let answer = try plugin.function("answer", returning: Int32.self)
            let before = Task { try await plugin.call(answer).value }
            await gate.arrivals(1)
            try await plugin.reload(from: .wat(answering(2)))
            try await plugin.releases.rollBack()
            let after = Task { try await plugin.call(answer).value }
            await gate.arrivals(2)
            // Its deadline is later, and its call is stopped.
            let other = try await load("other")
            let otherAnswer = try other.function("answer", returning: Int32.self)
            let stopped = Task { try await other.call(otherAnswer).value }
            await gate.arrivals(3)
            try await other.reload(from: .wat(answering(2)))
            let drained = await events.first { if case .drained(stopped: 1) = $0.kind { true } else { false } }
            #expect(drained?.plugin == "other")
            await #expect(throws: PluginError.self) { try await stopped.value }
            gate.open()
            #expect(try await before.value == 1)
            #expect(try await after.value == 1)
        }
    }
}
