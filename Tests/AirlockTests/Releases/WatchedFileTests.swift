import Airlock
import Foundation
import Testing

@Suite("A watched file", .timeLimit(.minutes(2)))
struct WatchedFileTests {
    #if os(Linux)
    @Test("Half a module is not loaded while it is being written, though it be a valid one")
    func halfWritten() async throws {
        try await withFilePlugin { cart in
            // Without its last section, which is the data, it is valid and answers 0.
            let whole = try binary(
                """
                (module (memory 1) (data (i32.const 0) "\\02")
                  (func (export "answer") (result i32) (i32.load8_u (i32.const 0))))
                """)
            let half = whole.count - 9
            #expect(whole[half] == 11)
            let file = try FileHandle(forWritingTo: cart.file)
            try file.truncate(atOffset: 0)
            try file.write(contentsOf: Data(whole[..<half]))
            let plugin = cart.plugin
            let error = await #expect(throws: PluginError.self) { try await plugin.reload() }
            #expect(error?.code == .incomplete)
            #expect(try await plugin.answer() == 1)
            try file.write(contentsOf: Data(whole[half...]))
            try file.close()
            await cart.reloaded()
            #expect(try await plugin.answer() == 2)
            #expect(await plugin.releases.list().map(\.state) == [.serving, .kept])
        }
    }
    #else
    @Test("Half a module is not loaded while it is being written", .disabled("only Linux tells who writes a file"))
    func halfWritten() {}
    #endif

    @Test("What changed between the load and the watch is loaded")
    func unseenChange() async throws {
        try await withFilePlugin(isWatched: false) { cart in
            try cart.put(2)
            try await cart.plugin.watch()
            await cart.reloaded()
            #expect(try await cart.plugin.answer() == 2)
        }
    }

    @Test("It is loaded when it changes, whatever was loaded from elsewhere meanwhile")
    func otherSource() async throws {
        try await withFilePlugin { cart in
            try await cart.plugin.reload(from: .wat(answering(2)))
            await cart.reloaded()
            #expect(try await cart.plugin.answer() == 2)
            try cart.put(3)
            await cart.reloaded()
            #expect(try await cart.plugin.answer() == 3)
        }
    }

    @Test("After a rollback it is not loaded again until it holds something else")
    func rolledBack() async throws {
        try await withFilePlugin { cart in
            try cart.put(2)
            await cart.reloaded()
            try await cart.plugin.releases.rollBack()
            try cart.put(2)
            _ = await cart.events.seen("cart") { if case .changeSeen = $0 { true } else { false } }
            try cart.put(3)
            #expect(await cart.reloaded()?.version == 3)
            #expect(try await cart.plugin.answer() == 3)
        }
    }

    @Test("What was refused for want of room is loaded when there is some, without another change")
    func retried() async throws {
        try await withFilePlugin(instances: 2) { cart in
            let other = try await cart.host.load(.wat(answering(7)), name: "other")
            try cart.put(2)
            #expect(await cart.events.refused("cart")?.code == .overloaded)
            await other.unload()
            await cart.reloaded()
            #expect(try await cart.plugin.answer() == 2)
        }
    }
}
