import Airlock
import AirlockTesting
import Crypto
import Dispatch
import Foundation
import TestSupport
import Testing
import Wasmtime

@Suite("What a host serves after a restart")
struct RestartTests {
    @Test("What was promoted last serves, and what the source holds by then is a new version")
    func promoted() async throws {
        try await withTemporaryFolder { folder in
            let file = folder + "/plugin.wasm"
            try answerModule(1).write(to: URL(fileURLWithPath: file))
            try await withStore(folder) { host, policy in
                let plugin = try await host.load(.file(file), reload: policy)
                try await plugin.reload(from: .wat(answering(2)))
            }
            try answerModule(3).write(to: URL(fileURLWithPath: file))
            try await withStore(folder, strategy: .manual) { host, policy in
                var events = RecordedEvents(of: host)
                let plugin = try await host.load(.file(file), reload: policy)
                let answer = try plugin.function("answer", returning: Int32.self)
                #expect(try await plugin.call(answer).value == 2)
                _ = await events.first { if case .staged = $0.kind { true } else { false } }
                try await plugin.releases.promote()
                #expect(try await plugin.call(answer).value == 3)
            }
            try await withStore(folder) { host, policy in
                let plugin = try await host.load(.file(file), reload: policy)
                let answer = try plugin.function("answer", returning: Int32.self)
                #expect(try await plugin.call(answer).value == 3)
                #expect(plugin.currentVersion?.number == 3)
            }
        }
    }

    @Test(
        "A plugin whose source is away at the start is loaded from what was promoted last, and then makes no version of it again"
    )
    func promotedWithoutSource() async throws {
        try await withTemporaryFolder { folder in
            let digest = try ModuleBytes(.wat(answering(2)), most: .max).digest
            try await withStore(folder) { host, policy in
                let plugin = try await host.load(.wat(answering(1)), name: "p", reload: policy)
                try await plugin.reload(from: .wat(answering(2)))
            }
            try await withStore(folder) { host, policy in
                let store = try #require(policy.store)
                let said = PluginSource.bytes([]).trusted()
                #expect(try await store.promoted("other", as: said, atMost: 1_000) == nil)
                let another = said.pinned(sha256: String(repeating: "0", count: 64))
                #expect(try await store.promoted("p", as: another, atMost: 1_000) == nil)
                let error = await #expect(throws: PluginError.self) {
                    try await store.promoted("p", as: said, atMost: 10)
                }
                #expect(error?.code == .moduleBounds)
                let source = try #require(try await store.promoted("p", as: said, atMost: 1_000))
                #expect(source.pinnedDigest == digest)
                #expect(source.trust == .trusted)
                let plugin = try await host.load(source, name: "p", reload: policy)
                let answer = try plugin.function("answer", returning: Int32.self)
                while await plugin.releases.list().count < 2 { await Task.yield() }
                #expect(await plugin.releases.list().map(\.state) == [.serving, .kept])
                #expect(try await plugin.call(answer).value == 2)
            }
        }
    }

    @Test(
        "What served before the one that was promoted last can be gone back to after a restart", .timeLimit(.minutes(1))
    )
    func keptOverRestarts() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(folder) { host, policy in
                let plugin = try await host.load(.wat(answering(1)), name: "p", reload: policy)
                for value in 2...4 { try await plugin.reload(from: .wat(answering(value))) }
            }
            try await withStore(folder, strategy: .manual) { host, policy in
                let plugin = try await host.load(.wat(answering(4)), name: "p", reload: policy)
                let answer = try plugin.function("answer", returning: Int32.self)
                #expect(plugin.currentVersion?.number == 3)
                while await plugin.releases.list().count < 3 { await Task.yield() }
                #expect(await plugin.releases.list().map(\.state) == [.serving, .kept, .kept])
                #expect(try await plugin.call(answer).value == 4)
                #expect(try await plugin.releases.rollBack().number == 2)
                #expect(try await plugin.call(answer).value == 3)
                try await plugin.releases.rollBack(to: 1)
                #expect(try await plugin.call(answer).value == 2)
            }
            try await withStore(folder, strategy: .manual) { host, policy in
                let plugin = try await host.load(.wat(answering(2)), name: "p", reload: policy)
                let answer = try plugin.function("answer", returning: Int32.self)
                while await plugin.releases.list().count < 3 { await Task.yield() }
                #expect(try await plugin.call(answer).value == 2)
                try await plugin.releases.rollBack()
                #expect(try await plugin.call(answer).value == 3)
            }
        }
    }

    @Test("A damaged record of another plugin is reported, and keeps nobody from anything")
    func othersDamage() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(folder) { host, policy in
                _ = try await host.load(.wat(answering(1)), name: "other", reload: policy)
            }
            let record = try release(".json", in: folder)
            try Data("{".utf8).write(to: record)
            try await withStore(folder) { host, policy in
                var events = RecordedEvents(of: host)
                let plugin = try await host.load(.wat(answering(1)), name: "p", reload: policy)
                let answer = try plugin.function("answer", returning: Int32.self)
                _ = await events.first { if case .storeFailed = $0.kind { true } else { false } }
                for value in 2...5 { try await plugin.reload(from: .wat(answering(value))) }
                try await plugin.releases.rollBack()
                #expect(try await plugin.call(answer).value == 4)
            }
            try await withStore(folder) { host, policy in
                let plugin = try await host.load(.wat(answering(4)), name: "p", reload: policy)
                let answer = try plugin.function("answer", returning: Int32.self)
                #expect(try await plugin.call(answer).value == 4)
            }
        }
    }

    @Test("A second plugin of one name is refused, so that none runs the other's module")
    func sameName() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(folder) { host, policy in
                let first = try await host.load(.wat(answering(1)), name: "p", reload: policy)
                let error = await #expect(throws: PluginError.self) {
                    try await host.load(.wat(answering(2)), name: "p", reload: policy)
                }
                #expect(error?.code == .configuration)
                #expect(error?.message.contains("another plugin of this name") == true)
                await first.unload()
                let second = try await host.load(.wat(answering(1)), name: "p", reload: policy)
                #expect(second.currentVersion != nil)
            }
        }
    }

    @Test("A promoted module for which there is no room now stays the promoted one")
    func noRoom() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(folder) { host, policy in
                let plugin = try await host.load(.wat(answering(1)), name: "p", reload: policy)
                try await plugin.reload(from: .wat(answering(2)))
            }
            let store = try ReleaseStore(folder: folder + "/releases")
            try await withPluginHost(PluginHostConfiguration(workers: 1, instances: 1)) { host in
                _ = try await host.load(.wat(answering(1)), name: "other")
                let error = await #expect(throws: PluginError.self) {
                    try await host.load(.wat(answering(3)), name: "p", reload: ReloadPolicy(store: store))
                }
                #expect(error?.code == .overloaded)
            }
            try await withPluginHost { host in
                let policy = ReloadPolicy(strategy: .manual, store: store)
                let plugin = try await host.load(.wat(answering(3)), name: "p", reload: policy)
                let answer = try plugin.function("answer", returning: Int32.self)
                #expect(try await plugin.call(answer).value == 2)
            }
        }
    }

    @Test(
        "Where the disk does not take it, an operator goes back all the same, and nothing is left of failed promotions")
    func unwritable() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(folder) { host, policy in
                let plugin = try await host.load(.wat(answering(1)), name: "p", reload: policy)
                let answer = try plugin.function("answer", returning: Int32.self)
                let bad = try await plugin.reload(from: .wat(answering(2)))
                try await plugin.releases.reload(
                    from: .wat(answering(3)), strategy: .canary(share: 1, for: .seconds(3_600)))
                let instances = host.instanceCount
                // Nothing can be renamed over a folder, not even by root.
                let record = try release(".json", in: folder)
                try FileManager.default.removeItem(at: record)
                try FileManager.default.createDirectory(at: record, withIntermediateDirectories: false)
                for _ in 1...3 {
                    let error = await #expect(throws: PluginError.self) { try await plugin.releases.promote() }
                    #expect(error?.code == .storage)
                    #expect(host.instanceCount == instances)
                    #expect(try await plugin.call(answer).value == 3)
                }
                try await plugin.releases.drop()
                try await plugin.releases.quarantine(bad.digest, because: "it is bad")
                #expect(try await plugin.call(answer).value == 1)
                try FileManager.default.removeItem(at: record)
                // The next change carries what could not be written.
                try await plugin.reload(from: .wat(answering(4)))
            }
            try await withStore(folder) { host, policy in
                let plugin = try await host.load(.wat(answering(4)), name: "p", reload: policy)
                #expect(await plugin.releases.quarantined().map(\.reason) == ["it is bad"])
            }
        }
    }

    @Test("A disk that does not answer holds up no rollback, and has it when it answers again")
    func hanging() async throws {
        try await withTemporaryFolder { folder in
            let store = try ReleaseStore(folder: folder + "/releases")
            let first = try await withPluginHost { host in
                var events = RecordedEvents(of: host)
                let plugin = try await host.load(
                    .wat(answering(1)), name: "p", reload: ReloadPolicy(strategy: .immediate, store: store))
                let first = try #require(plugin.currentVersion)
                try await plugin.reload(from: .wat(answering(2)))
                let hanging = DispatchSemaphore(value: 0)
                let error = await #expect(throws: PluginError.self) {
                    try await store.thread.run(within: .milliseconds(1)) { hanging.wait() }
                }
                #expect(error?.code == .storage)
                // Neither a promotion, which has to be written, is waited for.
                await #expect(throws: PluginError.self) { try await plugin.reload(from: .wat(answering(3))) }
                try await plugin.releases.rollBack()
                #expect(try await plugin.answer() == 1)
                #expect(try store.record(of: "p").promoted != first.digest)
                hanging.signal()
                while try store.record(of: "p").promoted != first.digest { try await Task.sleep(for: .milliseconds(5)) }
                _ = await events.first { if case .storeFailed = $0.kind { true } else { false } }
                return first.digest
            }
            try await withPluginHost { host in
                let plugin = try await host.load(
                    .wat(answering(1)), name: "p", reload: ReloadPolicy(strategy: .immediate, store: store))
                #expect(plugin.currentVersion?.digest == first)
            }
        }
    }

    @Test("What could not be written for a while is written at the host's end")
    func writtenAtTheEnd() async throws {
        try await withTemporaryFolder { folder in
            let store = try ReleaseStore(folder: folder + "/releases")
            let first = try await withPluginHost { host in
                let plugin = try await host.load(
                    .wat(answering(1)), name: "p", reload: ReloadPolicy(strategy: .immediate, store: store))
                let first = try #require(plugin.currentVersion)
                try await plugin.reload(from: .wat(answering(2)))
                let hanging = DispatchSemaphore(value: 0)
                await #expect(throws: PluginError.self) {
                    try await store.thread.run(within: .milliseconds(1)) { hanging.wait() }
                }
                try await plugin.releases.rollBack()
                hanging.signal()
                // The disk answers, and the time for the next attempt has not come.
                while (try? await store.thread.run {}) == nil {}
                return first.digest
            }
            #expect(try store.record(of: "p").promoted == first)
        }
    }

    @Test("A quarantine is on disk though a version that was made meanwhile could not be written")
    func overlappingChanges() async throws {
        try await withTemporaryFolder { folder in
            let store = try ReleaseStore(folder: folder + "/releases")
            try await withPluginHost { host in
                let plugin = try await host.load(
                    .wat(answering(1)), name: "p", reload: ReloadPolicy(strategy: .immediate, store: store))
                let bad = try await plugin.reload(from: .wat(answering(2)))
                try await plugin.releases.rollBack()
                var events = RecordedEvents(of: host)
                let module = try Module.binary(ofWAT: answering(3))
                // Something else is in the place of the module's file.
                let digest = SHA256.hash(data: module).map { String(format: "%02x", $0) }.joined()
                let obstacle = folder + "/releases/\(digest).wasm"
                try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
                try Data([1]).write(to: URL(filePath: obstacle + "/file"))
                let busy = DispatchSemaphore(value: 0)
                let other = Task { try await store.thread.run { busy.wait() } }
                let reload = Task { try await plugin.reload(from: .bytes(module)) }
                // The version that is made waits for the disk when its instances have started.
                _ = await events.first { if case .step(.start, nil) = $0.kind { true } else { false } }
                let quarantine = Task { try await plugin.releases.quarantine(bad.digest, because: "a test") }
                while await plugin.releases.quarantined().isEmpty { await Task.yield() }
                busy.signal()
                try await other.value
                await #expect(throws: PluginError.self) { try await reload.value }
                try await quarantine.value
                let record = try store.record(of: "p")
                #expect(record.quarantine(of: bad.digest) != nil)
                #expect(record.made == [])
            }
        }
    }

    @Test("What was rolled back to serves, and what was quarantined is not loaded")
    func quarantined() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(folder) { host, policy in
                let plugin = try await host.load(.wat(answering(1)), name: "p", reload: policy)
                let bad = try await plugin.reload(from: .wat(answering(2)))
                try await plugin.releases.quarantine(bad.digest, because: "a test")
            }
            try await withStore(folder) { host, policy in
                var events = RecordedEvents(of: host)
                let plugin = try await host.load(.wat(answering(2)), name: "p", reload: policy)
                let answer = try plugin.function("answer", returning: Int32.self)
                #expect(try await plugin.call(answer).value == 1)
                let event = await events.first { if case .reloadFailed = $0.kind { true } else { false } }
                guard case .reloadFailed(let error) = event?.kind else {
                    Issue.record("no event")
                    return
                }
                #expect(error.code == .quarantined)
                #expect(error.message.contains("a test"))
                let module = try #require(await plugin.releases.quarantined().first)
                try await plugin.releases.readmit(module.digest)
                try await plugin.reload()
                #expect(try await plugin.call(answer).value == 2)
            }
        }
    }

    @Test("A version that is tried or staged when the host ends is not what serves after it")
    func unpromoted() async throws {
        for strategy in [ReloadStrategy.manual, .canary(share: 1, for: .seconds(3_600))] {
            try await withTemporaryFolder { folder in
                try await withStore(folder) { host, policy in
                    let plugin = try await host.load(.wat(answering(1)), name: "p", reload: policy)
                    try await plugin.releases.reload(from: .wat(answering(2)), strategy: strategy)
                }
                try await withStore(folder) { host, policy in
                    let plugin = try await host.load(.wat(answering(1)), name: "p", reload: policy)
                    let answer = try plugin.function("answer", returning: Int32.self)
                    #expect(try await plugin.call(answer).value == 1)
                }
            }
        }
    }

    @Test("After kill -9 in the middle of a reload, what was promoted before serves")
    func killed() async throws {
        try await withTemporaryFolder { folder in
            await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String] in
                try await withStore(folder) { host, policy in
                    let killing = Killing()
                    let plugin = try await host.loadSuspendable(
                        .wat(answering(1)), name: "p", granting: [killing], reload: policy)
                    try await plugin.reload(from: .wat(answering(2)))
                    let text = """
                        (module (import "test" "kill" (func $kill)) (func (export "_initialize") (call $kill))
                          (func (export "answer") (result i32) (i32.const 3)))
                        """
                    try await plugin.reload(from: .wat(text))
                }
            }
            try await withStore(folder) { host, policy in
                let plugin = try await host.load(.wat(answering(1)), name: "p", reload: policy)
                let answer = try plugin.function("answer", returning: Int32.self)
                let first = try #require(plugin.currentVersion)
                #expect(first.number == 2)
                // The source is the oldest module, which becomes a new version soon.
                #expect([1, 2].contains(try await plugin.call(answer).value))
                let second = try Module.binary(ofWAT: answering(2))
                #expect(first.digest == (try ModuleBytes(.bytes(second), most: 1_000).digest))
            }
        }
    }

    @Test("A store that is damaged keeps the plugin from being loaded, and the error names the file")
    func damaged() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(folder) { host, policy in
                _ = try await host.load(.wat(answering(1)), name: "p", reload: policy)
            }
            let record = try release(".json", in: folder)
            try Data("{".utf8).write(to: record)
            try await withStore(folder) { host, policy in
                let error = await #expect(throws: PluginError.self) {
                    try await host.load(.wat(answering(1)), name: "p", reload: policy)
                }
                #expect(error?.code == .storage)
                #expect(error?.message.contains(record.lastPathComponent) == true)
                #expect(host.instanceCount == 0)
            }
        }
    }

    @Test("A kept module that was changed is not run; the source is loaded instead, and that is an event")
    func changedModule() async throws {
        try await withTemporaryFolder { folder in
            try await withStore(folder) { host, policy in
                _ = try await host.load(.wat(answering(1)), name: "p", reload: policy)
            }
            try answerModule(9).write(to: try release(".wasm", in: folder))
            try await withStore(folder) { host, policy in
                var events = RecordedEvents(of: host)
                let plugin = try await host.load(.wat(answering(5)), name: "p", reload: policy)
                let answer = try plugin.function("answer", returning: Int32.self)
                #expect(try await plugin.call(answer).value == 5)
                let event = await events.first { if case .storeFailed = $0.kind { true } else { false } }
                guard case .storeFailed(let error) = event?.kind else {
                    Issue.record("no event")
                    return
                }
                #expect(error.code == .digestMismatch)
            }
        }
    }
}

/// Runs a host whose plugins are kept in `FOLDER/releases`.
private func withStore(
    _ folder: String, strategy: ReloadStrategy = .immediate,
    _ body: (PluginHost, ReloadPolicy) async throws -> Void
) async throws {
    let store = try ReleaseStore(folder: folder + "/releases")
    try await withPluginHost { host in
        try await body(host, ReloadPolicy(strategy: strategy, store: store))
    }
}

/// The file in `FOLDER/releases` whose name ends so.
private func release(_ suffix: String, in folder: String) throws -> URL {
    let releases = folder + "/releases"
    let names = try FileManager.default.contentsOfDirectory(atPath: releases)
    return URL(filePath: "\(releases)/\(try #require(names.first { $0.hasSuffix(suffix) }))")
}

/// Ends the process as the system does when it has to.
private struct Killing: Capability {
    static let id: CapabilityID = "test:killing"

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("kill") { (_, _) throws(HostError) -> Void in kill(getpid(), SIGKILL) }
    }
}
