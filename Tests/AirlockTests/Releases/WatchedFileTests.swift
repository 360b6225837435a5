import Airlock
import AirlockTesting
import Foundation
import TestSupport
import Testing
import Wasmtime

@Suite("A watched file", .timeLimit(.minutes(2)))
struct WatchedFileTests {
    private func answering(_ value: Int) throws -> [UInt8] {
        try Module.binary(ofWAT: "(module (func (export \"answer\") (result i32) i32.const \(value)))")
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(filePath: path), options: .atomic)
    }

    private func isReload(_ event: PluginEvent) -> Bool {
        if case .reloaded = event.kind { true } else { false }
    }

    #if os(Linux)
    @Test("Half a module is not loaded while it is being written, though it be a valid one")
    func halfWritten() async throws {
        let folder = try TemporaryFolder()
        let path = folder.at("plugin.wasm")
        try write(try answering(1), to: path)
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.file(path))
            let answer = try plugin.function("answer", returning: Int32.self)
            try await plugin.watch()
            // Without its last section, which is the data, it is valid and answers 0.
            let whole = try Module.binary(
                ofWAT: """
                    (module (memory 1) (data (i32.const 0) "\\02")
                      (func (export "answer") (result i32) (i32.load8_u (i32.const 0))))
                    """)
            let half = whole.count - 9
            #expect(whole[half] == 11)
            let file = try FileHandle(forWritingTo: URL(filePath: path))
            try file.truncate(atOffset: 0)
            try file.write(contentsOf: Data(whole[..<half]))
            let error = await #expect(throws: PluginError.self) { try await plugin.reload() }
            #expect(error?.code == .incomplete)
            #expect(try await plugin.call(answer).value == 1)
            try file.write(contentsOf: Data(whole[half...]))
            try file.close()
            #expect(await events.first(where: isReload) != nil)
            #expect(try await plugin.call(answer).value == 2)
            #expect(await plugin.releases.list().map(\.state) == [.serving, .kept])
        }
    }
    #else
    @Test("Half a module is not loaded while it is being written", .disabled("only Linux tells who writes a file"))
    func halfWritten() {}
    #endif

    @Test("What changed between the load and the watch is loaded")
    func unseenChange() async throws {
        let folder = try TemporaryFolder()
        let path = folder.at("plugin.wasm")
        try write(try answering(1), to: path)
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.file(path))
            let answer = try plugin.function("answer", returning: Int32.self)
            try write(try answering(2), to: path)
            try await plugin.watch()
            #expect(await events.first(where: isReload) != nil)
            #expect(try await plugin.call(answer).value == 2)
        }
    }

    @Test("It is loaded when it changes, whatever was loaded from elsewhere meanwhile")
    func otherSource() async throws {
        let folder = try TemporaryFolder()
        let path = folder.at("plugin.wasm")
        try write(try answering(1), to: path)
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.file(path))
            let answer = try plugin.function("answer", returning: Int32.self)
            try await plugin.watch()
            try await plugin.reload(from: .bytes(try answering(2)))
            #expect(await events.first(where: isReload) != nil)
            #expect(try await plugin.call(answer).value == 2)
            try write(try answering(3), to: path)
            #expect(await events.first(where: isReload) != nil)
            #expect(try await plugin.call(answer).value == 3)
        }
    }

    @Test("After a rollback it is not loaded again until it holds something else")
    func rolledBack() async throws {
        let folder = try TemporaryFolder()
        let path = folder.at("plugin.wasm")
        try write(try answering(1), to: path)
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.file(path))
            let answer = try plugin.function("answer", returning: Int32.self)
            try await plugin.watch()
            try write(try answering(2), to: path)
            #expect(await events.first(where: isReload) != nil)
            try await plugin.releases.rollBack()
            try write(try answering(2), to: path)
            _ = await events.first { if case .changeSeen = $0.kind { true } else { false } }
            try write(try answering(3), to: path)
            let reload = await events.first(where: isReload)
            #expect(reload?.version == 3)
            #expect(try await plugin.call(answer).value == 3)
        }
    }

    @Test("What was refused for want of room is loaded when there is some, without another change")
    func retried() async throws {
        let folder = try TemporaryFolder()
        let path = folder.at("plugin.wasm")
        try write(try answering(1), to: path)
        try await withPluginHost(PluginHostConfiguration(workers: 1, instances: 2)) { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.file(path))
            let answer = try plugin.function("answer", returning: Int32.self)
            let other = try await host.load(.bytes(try answering(7)), name: "other")
            try await plugin.watch()
            try write(try answering(2), to: path)
            let refusal = await events.first {
                if case .reloadFailed(let error) = $0.kind { error.code == .overloaded } else { false }
            }
            #expect(refusal != nil)
            await other.unload()
            #expect(await events.first(where: isReload) != nil)
            #expect(try await plugin.call(answer).value == 2)
        }
    }
}
