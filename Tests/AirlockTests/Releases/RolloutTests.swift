import Airlock
import AirlockTesting
import TestSupport
import Testing

@Suite("Bringing versions into service")
struct RolloutTests {
    private let long = Duration.seconds(3_600)
    private let moment = Duration.milliseconds(20)

    // MARK: Canary

    @Test("A canary serves its share of the calls, the same keys each time, until it is promoted")
    func canary() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 2)) { host in
            let plugin = try await host.load(.wat(answering(1)))
            let answer = try plugin.function("answer", returning: Int32.self)
            try await plugin.releases.reload(from: .wat(answering(2)), strategy: .canary(share: 0.3, for: long))
            #expect(plugin.currentVersion?.number == 1)
            let keys = (0..<200).map { RoutingKey("user-\($0)") }
            let first = try await keys.map(plugin, answer)
            let second = try await keys.map(plugin, answer)
            #expect(first == second)
            let served = first.count { $0 == 2 }
            #expect((30...90).contains(served))
            let release = try #require(await plugin.releases.list().first)
            #expect(release.state == .canary(TrialResult(calls: 2 * served)))
            #expect(await plugin.totalsByVersion()[2]?.calls == UInt64(2 * served))

            try await plugin.releases.promote()
            #expect(plugin.currentVersion?.number == 2)
            #expect(try await keys.map(plugin, answer).allSatisfy { $0 == 2 })
            #expect(await plugin.releases.list().map(\.state) == [.serving, .kept])
        }
    }

    @Test("Calls without a key are spread as the share says")
    func unkeyed() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 2)) { host in
            let plugin = try await host.load(.wat(answering(1)))
            let answer = try plugin.function("answer", returning: Int32.self)
            try await plugin.releases.reload(from: .wat(answering(2)), strategy: .canary(share: 0.25, for: long))
            var served = 0
            for _ in 0..<400 where try await plugin.call(answer).value == 2 { served += 1 }
            #expect((98...102).contains(served))
        }
    }

    @Test("A canary takes over when its window has passed within its budget", arguments: [true, false])
    func promotion(isSuspendable: Bool) async throws {
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let (releases, call) = try await load(isSuspendable: isSuspendable, on: host)
            try await releases.reload(from: .wat(answering(2)), strategy: .canary(share: 1, for: moment))
            #expect(try await call() == 2)
            try await expectPromotion(&events, of: releases)
        }
    }

    @Test("A canary that got no call in its window does not take over")
    func uncalled() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(answering(1)), name: "uncalled")
            let answer = try plugin.function("answer", returning: Int32.self)
            let strategy = ReloadStrategy.canary(share: 1, for: moment)
            try await plugin.releases.reload(from: .wat(answering(2)), strategy: strategy)
            // The other one's window ends after the first one's.
            var events = RecordedEvents(of: host)
            let other = try await host.load(.wat(answering(1)), name: "other")
            let otherAnswer = try other.function("answer", returning: Int32.self)
            try await other.releases.reload(from: .wat(answering(2)), strategy: strategy)
            #expect(try await other.call(otherAnswer).value == 2)
            try await expectPromotion(&events, of: other.releases)
            #expect(await plugin.releases.list().map(\.state) == [.canary(TrialResult()), .serving])
            #expect(try await plugin.call(answer).value == 2)
            try await expectPromotion(&events, of: plugin.releases)
        }
    }

    private func expectPromotion(_ events: inout RecordedEvents, of releases: PluginReleases) async throws {
        let end = await events.first { if case .trialEnded = $0.kind { true } else { false } }
        guard case .trialEnded(_, .passed) = end?.kind else {
            Issue.record("\(String(describing: end))")
            return
        }
        _ = await events.first { if case .reloaded(previous: 1) = $0.kind { true } else { false } }
        #expect(releases.serving?.number == 2)
    }

    @Test(
        "A canary that overdraws its budget fails no call, is taken out, and is not loaded again until it is readmitted"
    )
    func overBudget() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 2)) { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.wat(answering(1)))
            let answer = try plugin.function("answer", returning: Int32.self)
            let budget = ErrorBudget(share: 0.1, ofAtLeast: 30)
            let version = try await plugin.releases.reload(
                from: .wat(trapping), strategy: .canary(share: 1, for: long, errorBudget: budget))
            for _ in 0..<10 { #expect(try await plugin.call(answer).value == 1) }
            let end = await events.first { if case .trialEnded = $0.kind { true } else { false } }
            guard case .trialEnded(let result, .overBudget) = end?.kind else {
                Issue.record("\(String(describing: end))")
                return
            }
            #expect(result.failures >= 4)
            _ = await events.first { if case .moduleQuarantined = $0.kind { true } else { false } }
            #expect(await plugin.releases.quarantined().map(\.digest) == [version.digest])
            #expect(await plugin.releases.list().map(\.number) == [1])

            let error = await #expect(throws: PluginError.self) { try await plugin.reload(from: .wat(trapping)) }
            #expect(error?.code == .quarantined)
            #expect(try await plugin.call(answer).value == 1)
            try await plugin.releases.readmit(version.digest)
            #expect(try await plugin.reload(from: .wat(trapping)).number == 3)
        }
    }

    @Test("A canary with the module that serves is dropped when it fails, and its module is not quarantined")
    func sameModule() async throws {
        let module = #"""
            (module (func (export "answer") (param i32) (result i32)
              (if (local.get 0) (then unreachable)) (i32.const 1)))
            """#
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.wat(module))
            let answer = try plugin.function("answer", taking: Int32.self, returning: Int32.self)
            try await plugin.releases.reload(
                strategy: .canary(share: 1, for: long, errorBudget: ErrorBudget(share: 0), fallsBack: false))
            await #expect(throws: PluginError.self) { try await plugin.call(answer, 1) }
            let end = await events.first { if case .trialEnded = $0.kind { true } else { false } }
            guard case .trialEnded(_, .overBudget) = end?.kind else {
                Issue.record("\(String(describing: end))")
                return
            }
            #expect(try await plugin.call(answer, 0).value == 1)
            #expect(await plugin.releases.quarantined().isEmpty)
            try await plugin.reload()
            #expect(await plugin.releases.list().map(\.state) == [.serving])
        }
    }

    @Test("A canary that may not fall back fails the calls that it fails", arguments: [true, false])
    func noFallback(isSuspendable: Bool) async throws {
        try await withPluginHost { host in
            let strategy = ReloadStrategy.canary(share: 1, for: long, fallsBack: false)
            let (releases, call) = try await load(isSuspendable: isSuspendable, on: host)
            try await releases.reload(from: .wat(trapping), strategy: strategy)
            let error = await #expect(throws: PluginError.self) { try await call() }
            #expect(error?.code == .trap)
            #expect(error?.version == 2)
        }
    }

    @Test("A suspendable canary falls back as well, and its failures do not pause the plugin")
    func suspendableFallback() async throws {
        try await withPluginHost { host in
            var limits = PluginLimits()
            limits.crashLoop = CrashLoopPolicy(failures: 2, window: .seconds(60))
            let plugin = try await host.loadSuspendable(.wat(answering(1)), limits: limits)
            let answer = try plugin.function("answer", returning: Int32.self)
            let budget = ErrorBudget(share: 1)
            try await plugin.releases.reload(
                from: .wat(trapping), strategy: .canary(share: 1, for: long, errorBudget: budget))
            for _ in 0..<10 { #expect(try await plugin.call(answer).value == 1) }
            let release = try #require(await plugin.releases.list().first)
            #expect(release.state == .canary(TrialResult(calls: 10, failures: 10)))
        }
    }

    @Test("A newer version takes the place of a canary")
    func superseded() async throws {
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.wat(answering(1)))
            let answer = try plugin.function("answer", returning: Int32.self)
            try await plugin.releases.reload(from: .wat(answering(2)), strategy: .canary(share: 1, for: long))
            #expect(try await plugin.call(answer).value == 2)
            try await plugin.releases.reload(from: .wat(answering(3)), strategy: .canary(share: 1, for: long))
            #expect(try await plugin.call(answer).value == 3)
            let end = await events.first { if case .trialEnded = $0.kind { true } else { false } }
            guard case .trialEnded(_, .dropped) = end?.kind else {
                Issue.record("\(String(describing: end))")
                return
            }
            #expect(await plugin.releases.list().map(\.number) == [3, 1])
            #expect(try await plugin.releases.rollBack().number == 1)
            #expect(try await plugin.call(answer).value == 1)
            #expect(host.instanceCount == host.loops.count)
        }
    }

    // MARK: Shadow

    @Test(
        "A shadow gets copies, its differences are counted, and callers see the running version",
        arguments: [true, false])
    func shadow(isSuspendable: Bool) async throws {
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let strategy = ReloadStrategy.shadow(for: long, errorBudget: ErrorBudget(share: 0.1, ofAtLeast: 100))
            let (releases, call) = try await load(isSuspendable: isSuspendable, on: host)
            try await releases.reload(from: .wat(answering(2)), strategy: strategy)
            var calls = 0
            while await releases.list().first?.number == 2 {
                #expect(try await call() == 1)
                calls += 1
            }
            #expect(calls >= 11)
            let end = await events.first { if case .trialEnded = $0.kind { true } else { false } }
            guard case .trialEnded(let result, .overBudget) = end?.kind else {
                Issue.record("\(String(describing: end))")
                return
            }
            #expect(result.differences >= 11)
            #expect(result.failures == 0)
        }
    }

    @Test("A shadow is staged when its window has passed")
    func stagedShadow() async throws {
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.wat(answering(1)))
            let answer = try plugin.function("answer", returning: Int32.self)
            try await plugin.releases.reload(
                from: .wat(answering(1).replacing("i32.const", with: "nop i32.const")), strategy: .shadow(for: moment))
            #expect(try await plugin.call(answer).value == 1)
            _ = await events.first { if case .staged = $0.kind { true } else { false } }
            #expect(await plugin.releases.list().map(\.state) == [.staged(TrialResult(calls: 1)), .serving])
        }
    }

    // MARK: Manual

    @Test("A staged version serves nothing until it is promoted")
    func manual() async throws {
        let policy = ReloadPolicy(strategy: .manual)
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(answering(1)), reload: policy)
            let answer = try plugin.function("answer", returning: Int32.self)
            let version = try await plugin.reload(from: .wat(answering(2)))
            #expect(await plugin.releases.list().map(\.state) == [.staged(nil), .serving])
            #expect(try await plugin.call(answer).value == 1)
            #expect(host.instanceCount == host.loops.count)
            let unknown = await #expect(throws: PluginError.self) { try await plugin.releases.promote(7) }
            #expect(unknown?.code == .noSuchVersion)
            try await plugin.releases.promote(version.number)
            #expect(try await plugin.call(answer).value == 2)
        }
    }

    @Test("A staged version that is dropped is gone")
    func drop() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(answering(1)), reload: ReloadPolicy(strategy: .manual))
            try await plugin.reload(from: .wat(answering(2)))
            try await plugin.releases.drop()
            #expect(await plugin.releases.list().map(\.number) == [1])
            let error = await #expect(throws: PluginError.self) { try await plugin.releases.promote() }
            #expect(error?.code == .noSuchVersion)
        }
    }

    // MARK: Back

    @Test("Rolling back compiles nothing, and goes to any version that is kept")
    func rollBack() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(answering(1)), reload: ReloadPolicy(keptVersions: 2))
            let answer = try plugin.function("answer", returning: Int32.self)
            for value in 2...4 { try await plugin.reload(from: .wat(answering(value))) }
            #expect(await plugin.releases.list().map(\.number) == [4, 3, 2])
            var events = RecordedEvents(of: host)
            #expect(try await plugin.releases.rollBack().number == 3)
            #expect(try await plugin.call(answer).value == 3)
            #expect(try await plugin.releases.rollBack(to: 4).number == 4)
            #expect(try await plugin.call(answer).value == 4)
            let gone = await #expect(throws: PluginError.self) { try await plugin.releases.rollBack(to: 1) }
            #expect(gone?.code == .noSuchVersion)
            var backs = 0
            while backs < 2, let event = await events.first(where: { _ in true }) {
                switch event.kind {
                case .step(.read, _), .step(.compile, _), .compiled: Issue.record("\(event)")
                case .rolledBack: backs += 1
                default: break
                }
            }
        }
    }

    @Test("A rollback does not wait for a version that is being made")
    func rollBackDuringReload() async throws {
        try await withPluginHost { host in
            let gate = Gate()
            let waiting = WaitingAtGate(gate: gate)
            let plugin = try await host.loadSuspendable(
                .wat(answering(1)), granting: [waiting], limits: PluginLimits(deadline: .seconds(600)))
            let answer = try plugin.function("answer", returning: Int32.self)
            try await plugin.reload(from: .wat(answering(2)))
            let reload = Task { try await plugin.reload(from: .wat(waitingStart(3))) }
            await gate.arrivals(1)
            #expect(try await plugin.releases.rollBack().number == 1)
            #expect(try await plugin.call(answer).value == 1)
            gate.open()
            #expect(try await reload.value.number == 3)
            #expect(try await plugin.call(answer).value == 3)
        }
    }

    @Test("Quarantining what serves brings the last good version back, where there is one")
    func quarantineServing() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(answering(1)))
            let answer = try plugin.function("answer", returning: Int32.self)
            let first = try #require(plugin.currentVersion)
            let alone = await #expect(throws: PluginError.self) {
                try await plugin.releases.quarantine(first.digest, because: "a test")
            }
            #expect(alone?.code == .noSuchVersion)
            let second = try await plugin.reload(from: .wat(answering(2)))
            try await plugin.releases.quarantine(second.digest.uppercased(), because: "a test")
            #expect(try await plugin.call(answer).value == 1)
            #expect(await plugin.releases.list().map(\.number) == [1])
            let error = await #expect(throws: PluginError.self) { try await plugin.reload(from: .wat(answering(2))) }
            #expect(error?.code == .quarantined)
            #expect(error?.message.contains("a test") == true)
            let wrong = await #expect(throws: PluginError.self) {
                try await plugin.releases.quarantine("abc", because: "")
            }
            #expect(wrong?.code == .configuration)
        }
    }

    // MARK: Draining

    @Test(
        "Calls of a replaced version end on it, and those that go on after the drain deadline are stopped",
        arguments: [true, false])
    func drain(isLate: Bool) async throws {
        let policy = ReloadPolicy(drainDeadline: isLate ? .milliseconds(10) : .seconds(600))
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let gate = Gate()
            let plugin = try await host.loadSuspendable(
                .wat(waitingCall(1)), granting: [WaitingAtGate(gate: gate)],
                limits: PluginLimits(deadline: .seconds(600)), reload: policy)
            let answer = try plugin.function("answer", returning: Int32.self)
            let call = Task { try await plugin.call(answer).value }
            await gate.arrivals(1)
            try await plugin.reload(from: .wat(answering(2)))
            #expect(try await plugin.call(answer).value == 2)
            if !isLate { gate.open() }
            let event = await events.first { if case .drained = $0.kind { true } else { false } }
            guard case .drained(let stopped) = event?.kind else {
                Issue.record("no event")
                return
            }
            #expect(stopped == (isLate ? 1 : 0))
            #expect(event?.version == 1)
            if isLate {
                let error = await #expect(throws: PluginError.self) { try await call.value }
                #expect(error?.code == .stopped)
            } else {
                #expect(try await call.value == 1)
            }
        }
    }

    // MARK: Steps and settings

    @Test("Each step is an event, and the last one of a failed reload says why")
    func steps() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(answering(1)))
            _ = try plugin.function("answer", returning: Int32.self)
            var events = RecordedEvents(of: host)
            try await plugin.reload(from: .wat(answering(2)))
            var steps: [ReloadStep] = []
            while steps.last != .cutOver, let event = await events.first(where: { $0.version == 2 }) {
                guard case .step(let step, nil) = event.kind else { continue }
                steps.append(step)
                #expect(event.duration != nil)
            }
            #expect(steps == [.read, .check, .compile, .link, .start, .cutOver])
            await #expect(throws: PluginError.self) { try await plugin.reload(from: .wat("(module)")) }
            let failed = await events.first { if case .step(_, .some) = $0.kind { true } else { false } }
            guard case .step(.link, let error?) = failed?.kind else {
                Issue.record("\(String(describing: failed))")
                return
            }
            #expect(error.code == .missingExport)
        }
    }

    @Test(
        "Settings out of their range are refused",
        arguments: [
            ReloadPolicy(strategy: .canary(share: 0, for: .seconds(1))),
            ReloadPolicy(strategy: .canary(share: 1.1, for: .seconds(1))),
            ReloadPolicy(strategy: .canary(share: .nan, for: .seconds(1))),
            ReloadPolicy(strategy: .shadow(for: .zero)),
            ReloadPolicy(strategy: .shadow(for: .seconds(1), errorBudget: ErrorBudget(share: -1))),
            ReloadPolicy(strategy: .shadow(for: .seconds(1), errorBudget: ErrorBudget(ofAtLeast: 0))),
            ReloadPolicy(drainDeadline: .seconds(-1)),
            ReloadPolicy(keptVersions: 17),
        ]
    )
    func settings(policy: ReloadPolicy) async throws {
        try await withPluginHost { host in
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.wat(answering(1)), reload: policy)
            }
            #expect(error?.code == .configuration)
            #expect(host.instanceCount == 0)
        }
    }

    /// Loads a plugin that answers 1, with a call of it.
    private func load(
        isSuspendable: Bool, on host: PluginHost
    ) async throws -> (PluginReleases, @Sendable () async throws -> Int32) {
        if isSuspendable {
            let plugin = try await host.loadSuspendable(.wat(answering(1)))
            let answer = try plugin.function("answer", returning: Int32.self)
            return (plugin.releases, { try await plugin.call(answer).value })
        }
        let plugin = try await host.load(.wat(answering(1)))
        let answer = try plugin.function("answer", returning: Int32.self)
        return (plugin.releases, { try await plugin.call(answer).value })
    }
}

extension [RoutingKey] {
    fileprivate func map(_ plugin: Plugin, _ answer: GuestFunction<Int32>) async throws -> [Int32] {
        var values: [Int32] = []
        for key in self { values.append(try await plugin.call(answer, routedBy: key).value) }
        return values
    }
}
