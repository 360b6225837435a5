import Airlock
import AirlockTesting
import Foundation
import Synchronization
import TestSupport
import Testing

/// Passes the first host call and holds the others at a gate.
private final class Patience: Capability {
    static let id: CapabilityID = "test:patience"
    let gate = Gate()
    private let calls = Atomic<Int>(0)

    static let functions = HostFunctions<Patience>(module: "test") {
        HostFunction("wait") { (patience, _) async throws(HostError) -> Void in
            guard patience.calls.add(1, ordering: .relaxed).newValue > 1 else { return }
            try? await patience.gate.pass()
        }
    }
}

@Suite("Reload")
struct ReloadTests {
    @Test("Unloading ends a call whose instance is still being made")
    func unloadWhileStarting() async throws {
        try await withPluginHost { host in
            let module = #"""
                (module
                  (import "test" "wait" (func $wait))
                  (func (export "_initialize") call $wait)
                  (func (export "f")))
                """#
            let patience = Patience()
            let limits = PluginLimits(deadline: .seconds(600), callsPerInstance: 1)
            let plugin = try await host.loadSuspendable(.wat(module), granting: [patience], limits: limits)
            let f = try plugin.function("f")
            try await plugin.call(f)
            let call = Task { try await plugin.call(f) }
            await patience.gate.arrivals(1)
            await plugin.unload()
            let error = await #expect(throws: PluginError.self) { try await call.value }
            #expect(error?.code == .stopped)
        }
    }

    @Test("A reload that fails on one loop leaves nothing on the others")
    func halfPrepared() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 2, instances: 3)) { host in
            let module = PluginSource.wat("(module (func (export \"f\")))")
            let plugin = try await host.load(module)
            #expect(host.instanceCount == 2)
            let error = await #expect(throws: PluginError.self) { try await plugin.reload(from: module) }
            #expect(error?.code == .overloaded)
            #expect(host.instanceCount == 2)
            try await plugin.call(plugin.function("f"))
        }
    }

    @Test("A new version serves calls from its cut-over on")
    func newVersion() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 2)) { host in
            let plugin = try await host.load(.wat(answering(1)))
            let answer = try plugin.function("answer", returning: Int32.self)
            #expect(try await plugin.call(answer).value == 1)
            let version = try await plugin.reload(from: .wat(answering(2)))
            #expect(version.number == 2)
            #expect(plugin.currentVersion === version)
            for _ in 0..<20 { #expect(try await plugin.call(answer).value == 2) }
        }
    }

    @Test(
        "A version that cannot be used is refused and the running one goes on",
        arguments: [
            (.bytes([0, 1, 2, 3]), .invalidModule),
            (.wat("(module)"), .missingExport),
            (.wat("(module (func (export \"answer\") (result i64) i64.const 1))"), .signatureMismatch),
            (
                .wat("(module (func (export \"answer\") (result i32) i32.const 1) (func $s unreachable) (start $s))"),
                .trap
            ),
            (.wat("(module (import \"a\" \"b\" (func)))"), .missingCapability),
            (.file("/nowhere/plugin.wasm"), .invalidModule),
        ] as [(PluginSource, PluginError.Code)]
    )
    func refusedVersion(source: PluginSource, code: PluginError.Code) async throws {
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.wat(answering(1)))
            let answer = try plugin.function("answer", returning: Int32.self)
            let error = await #expect(throws: PluginError.self) { try await plugin.reload(from: source) }
            #expect(error?.code == code)
            #expect(try await plugin.call(answer).value == 1)
            #expect(plugin.currentVersion?.number == 1)
            let event = await events.first { if case .reloadFailed = $0.kind { true } else { false } }
            #expect(event?.version == 1)
        }
    }

    @Test("Calls never fail while versions change, and each sees one version only")
    func underLoad() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 2)) { host in
            let plugin = try await host.load(.wat(answering(0)))
            let answer = try plugin.function("answer", returning: Int32.self)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var last: Int32 = 0
                        while last < 10 {
                            let value = try await plugin.call(answer).value
                            #expect((0...10).contains(value))
                            last = value
                        }
                    }
                }
                for version in 1...10 { try await plugin.reload(from: .wat(answering(version))) }
                try await group.waitForAll()
            }
        }
    }

    @Test("A probe sees each version on each loop before it serves, and can refuse it")
    func probe() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 2)) { host in
            let probed = Mutex<[Int]>([])
            let policy = ReloadPolicy { (session, version) throws(PluginError) in
                probed.withLock { $0.append(version.number) }
                let answer = try version.function("answer", returning: Int32.self)
                guard let answer, try session.call(answer) < 2 else {
                    throw PluginError(.guestError, message: "not today")
                }
            }
            let plugin = try await host.load(.wat(answering(1)), reload: policy)
            #expect(probed.withLock { $0 } == [1, 1])
            let answer = try plugin.function("answer", returning: Int32.self)
            let error = await #expect(throws: PluginError.self) { try await plugin.reload(from: .wat(answering(2))) }
            #expect(error?.code == .guestError)
            #expect(error?.version == 2)
            #expect(probed.withLock { $0 } == [1, 1, 2])
            #expect(try await plugin.call(answer).value == 1)
            #expect(host.instanceCount == 2)
        }
    }

    @Test("A probe of a suspendable plugin may wait, and refuses a version by an error or by a call that fails")
    func suspendableProbe() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 2)) { host in
            let probed = Mutex<[Int]>([])
            var policy = ReloadPolicy()
            policy.suspendableProbe = { (instance, version) async throws(PluginError) in
                probed.withLock { $0.append(version.number) }
                await Task.yield()
                let answer = try version.function("answer", returning: Int32.self)
                guard let answer, try await instance.call(answer).value < 3 else {
                    throw PluginError(.guestError, message: "not today")
                }
                // It has failed, whoever forgets about it.
                if let trap = try version.function("trap") { _ = try? await instance.call(trap) }
            }
            let plugin = try await host.loadSuspendable(.wat(answering(1)), reload: policy)
            #expect(probed.withLock { $0 } == [1, 1])
            let answer = try plugin.function("answer", returning: Int32.self)
            try await plugin.reload(from: .wat(answering(2)))
            let refused = await #expect(throws: PluginError.self) { try await plugin.reload(from: .wat(answering(3))) }
            #expect(refused?.code == .guestError)
            #expect(refused?.version == 3)
            let trapping = """
                (module (func (export "answer") (result i32) i32.const 1) (func (export "trap") unreachable))
                """
            let failed = await #expect(throws: PluginError.self) { try await plugin.reload(from: .wat(trapping)) }
            #expect(failed?.code == .trap)
            #expect(probed.withLock { $0 } == [1, 1, 2, 2, 3, 4])
            #expect(try await plugin.call(answer).value == 2)
            #expect(host.instanceCount == 2)
        }
    }

    @Test("A probe that does not go with how the plugin runs is refused")
    func wrongProbe() async throws {
        try await withPluginHost { host in
            let suspendable = ReloadPolicy(suspendableProbe: { (_, _) async throws(PluginError) in })
            var error = await #expect(throws: PluginError.self) {
                try await host.load(.wat(answering(1)), reload: suspendable)
            }
            #expect(error?.code == .configuration)
            let direct = ReloadPolicy(probe: { (_, _) throws(PluginError) in })
            error = await #expect(throws: PluginError.self) {
                try await host.loadSuspendable(.wat(answering(1)), reload: direct)
            }
            #expect(error?.code == .configuration)
        }
    }

    @Test("A watched file is loaded anew when another one is renamed over it")
    func watchedFile() async throws {
        let folder = try TemporaryFolder()
        let file = URL(filePath: folder.at("answer.wasm"))
        try answerModule(1).write(to: file)
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.file(file.path))
            #expect(plugin.name == "answer")
            let answer = try plugin.function("answer", returning: Int32.self)
            try await plugin.watch()
            try answerModule(2).write(to: file, options: .atomic)
            _ = await events.first { if case .reloaded = $0.kind { true } else { false } }
            #expect(try await plugin.call(answer).value == 2)
            try Data([1, 2, 3]).write(to: file, options: .atomic)
            _ = await events.first { if case .reloadFailed = $0.kind { true } else { false } }
            #expect(try await plugin.call(answer).value == 2)
        }
    }

    @Test("Unloading ends the reloads that wait for one another", .timeLimit(.minutes(1)))
    func unloadWhileReloading() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: .inProcess)) { host in
            var events = RecordedEvents(of: host)
            let waiting = #"(module (import "test" "wait" (func $wait)) (func (export "_initialize") call $wait))"#
            let patience = Patience()
            let plugin = try await host.loadSuspendable(
                .wat(waiting), name: "p", granting: [patience], limits: PluginLimits(deadline: .seconds(600)))
            let first = Task { try await plugin.reload(from: .wat(waiting)) }
            await patience.gate.arrivals(1)
            let others = (3...6).map { value in Task { try await plugin.reload(from: .wat(answering(value))) } }
            let unload = Task { await plugin.unload() }
            // The first one is past its compilation, so that only its start ends it.
            patience.gate.open()
            await unload.value
            _ = await first.result
            for other in others {
                let error = await #expect(throws: PluginError.self) { try await other.value }
                #expect(error?.code == .stopped)
            }
            #expect(plugin.currentVersion == nil)
            _ = await events.first { if case .unloaded = $0.kind { true } else { false } }
        }
    }
}
