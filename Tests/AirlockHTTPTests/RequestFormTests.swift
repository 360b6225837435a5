import Airlock
import AirlockHTTP
import Testing

@Suite("HTTP egress requests as guests write them")
struct RequestFormTests {
    private static let whole = GuestRequest(
        method: "POST", url: "http://plugins.test/", headers: [("X-One", "1"), ("X-Two", "2")], body: [1, 2, 3]
    ).bytes

    @Test func `a request that ends too early ends the call, wherever it does`() async throws {
        try await withEgress(["GET http://plugins.test"]) { plugin in
            for count in 0..<Self.whole.count {
                let error = await #expect(throws: PluginError.self) {
                    try await plugin.send(bytes: Array(Self.whole.prefix(count)))
                }
                #expect(error?.code == .badArgument, "\(count) bytes")
            }
            // Complete, it gets as far as the rules.
            let error = await #expect(throws: PluginError.self) { try await plugin.send(bytes: Self.whole) }
            #expect(error?.code == .denied)
        }
    }

    @Test(arguments: 0..<64)
    func `no change of a length or a byte does more than end the call`(position: Int) async throws {
        try await withEgress(["GET http://plugins.test"], resolver: fixed([:])) { plugin in
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var bytes = Self.whole
                bytes[position] = value
                let error = await #expect(throws: PluginError.self) { try await plugin.send(bytes: bytes) }
                #expect([.badArgument, .denied].contains(error?.code))
            }
        }
    }

    @Test func `bytes behind the body, another version and text that is not UTF-8 end the call`() async throws {
        var version = Self.whole
        version[0] = 2
        var text = Self.whole
        text[16] = 0xFF
        try await withEgress(["POST http://plugins.test"]) { plugin in
            for (bytes, reason) in [
                (Self.whole + [0], "1 bytes behind its body"), (version, "version 2"), (text, "method is not UTF-8"),
            ] {
                let error = await #expect(throws: PluginError.self) { try await plugin.send(bytes: bytes) }
                #expect(error?.code == .badArgument)
                #expect(error?.message.contains(reason) == true)
            }
        }
    }

    @Test(arguments: [0, -1, 1, .max] as [Int32])
    func `a handle that is none ends the call`(handle: Int32) async throws {
        try await withEgress([]) { plugin in
            let error = await #expect(throws: PluginError.self) { try await plugin.status(ofHandle: handle) }
            #expect(error?.code == .badArgument)
        }
    }

    @Test func `a response that was not closed is gone with its call`() async throws {
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let request = GuestRequest(url: "http://plugins.test:\(server.port)/")
                let handle = try await plugin.hoard(request, 1)
                #expect(handle == 1)
                // The next call runs on the same instance, and its first response has the same handle.
                let error = await #expect(throws: PluginError.self) { try await plugin.status(ofHandle: 1) }
                #expect(error?.code == .badArgument)
                #expect(error?.message == "there is no HTTP response with the handle 1 in this call")
            }
        }
    }
}
