import Airlock
import AirlockProxyWasm
import Foundation
import Gateway
import Hummingbird
import NIOCore
import Testing

@Suite struct Filters {
    @Test func `requests pass the filters in the order of the route, responses in the reverse order`() async throws {
        let plugins = [
            try await SampleGuests.plugin(
                "add-header", configuration: #"{"request": {"x-from": "add-header"}, "response": {"x-a": "1"}}"#),
            try await SampleGuests.plugin(
                "api-key-auth", configuration: #"{"header": "x-from", "keys": ["add-header"]}"#),
        ]
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream, plugins: plugins)) { gateway in
                let response = try await gateway.send("GET", "/")
                #expect(response.status == 200)
                #expect(response.body.contains("x-from: add-header\n"))
                #expect(response.headers["x-a"] == "1")
                #expect(response.headers["x-airlock-build"] == "1")
            }
            try await RunningGateway.with(try .forwarding(to: upstream, plugins: plugins.reversed())) { gateway in
                let response = try await gateway.send("GET", "/")
                #expect(response.status == 401)
            }
        }
    }

    @Test func `a request without a key is answered by the filter and does not reach the upstream`() async throws {
        let auth = try await SampleGuests.plugin(
            "api-key-auth", configuration: #"{"header": "x-api-key", "keys": ["k1", "k2"]}"#)
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream, plugins: [auth])) { gateway in
                for headers in [[], [("x-api-key", "k")], [("x-api-key", "K1")]] {
                    let refused = try await gateway.send("POST", "/", headers: headers, body: "secret")
                    #expect(refused.status == 401)
                    #expect(refused.headers["content-type"] == "application/json")
                    #expect(refused.headers["www-authenticate"] == "APIKey")
                    #expect(refused.body.contains("unauthorized"))
                    #expect(!refused.body.contains("secret"))
                }
                #expect(try await gateway.send("POST", "/", headers: [("x-api-key", "k2")], body: "b").status == 200)
                #expect(try await gateway.send("GET", "/").status == 401)
            }
        }
    }

    @Test func `a card number is masked wherever the body is cut`() async throws {
        let text = #"{"card": "4111-1111-1111-1111", "mail": "ada.lovelace@example.org", "id": 4242}"#
        let answer: TestUpstream.Answer = { request in
            let cut = request.uri.queryParameters["cut"].flatMap { Int($0) } ?? 0
            return Response(
                status: .ok,
                headers: [.contentType: "application/json", .contentLength: String(text.utf8.count)],
                body: .init { writer in
                    try await writer.write(ByteBuffer(string: String(text.prefix(cut))))
                    try await writer.write(ByteBuffer(string: String(text.dropFirst(cut))))
                    try await writer.finish(nil)
                }
            )
        }
        let redact = try await SampleGuests.plugin("redact")
        try await TestUpstream.with(answer) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream, plugins: [redact])) { gateway in
                for cut in 0...text.count {
                    let response = try await gateway.send("GET", "/?cut=\(cut)")
                    #expect(response.status == 200)
                    #expect(!response.body.contains("1111-1111-"), "cut at \(cut)")
                    #expect(!response.body.contains("lovelace@"), "cut at \(cut)")
                    #expect(response.body.hasPrefix(#"{"card": ""#))
                    #expect(response.body.hasSuffix(#"", "id": 4242}"#))
                    #expect(response.headers["content-length"] == nil)
                    #expect(response.headers["transfer-encoding"] == "chunked")
                }
            }
        }
    }

    @Test func `a masked body streams: the client gets the first part before the upstream sends the last`() async throws
    {
        let goOn = AsyncStream<Void>.makeStream()
        let answer: TestUpstream.Answer = { _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/plain"],
                body: .init { writer in
                    try await writer.write(ByteBuffer(string: "first words and more, "))
                    for await _ in goOn.stream {}
                    try await writer.write(ByteBuffer(string: "last"))
                    try await writer.finish(nil)
                }
            )
        }
        let redact = try await SampleGuests.plugin("redact")
        try await TestUpstream.with(answer) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream, plugins: [redact])) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    try await connection.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                    _ = try await connection.text(upTo: "first words")
                    goOn.continuation.finish()
                    _ = try await connection.text(upTo: "last")
                }
            }
        }
    }

    @Test func `the bucket counts all workers and connections together`() async throws {
        let bucket = try await SampleGuests.plugin(
            "token-bucket", configuration: #"{"capacity": 10, "refillPerSecond": 0.000001, "key": "x-client"}"#)
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream, plugins: [bucket])) { gateway in
                // The first request makes the bucket: the ABI has no way to set a value only where there is none.
                #expect(try await gateway.send("GET", "/", headers: [("x-client", "a")]).status == 200)
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 1...60 {
                        group.addTask { try await gateway.send("GET", "/", headers: [("x-client", "a")]).status }
                    }
                    return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
                }
                #expect(statuses == [200: 9, 429: 51])
                #expect(try await gateway.send("GET", "/", headers: [("x-client", "b")]).status == 200)
                let refused = try await gateway.send("GET", "/", headers: [("x-client", "a")])
                #expect(refused.headers["retry-after"] != nil)
            }
        }
    }

    @Test func `what filters are and used is shown to operators`() async throws {
        let plugins = [
            try await SampleGuests.plugin("add-header"),
            try await SampleGuests.plugin("unruly"),
        ]
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream, plugins: plugins)) { gateway in
                #expect(try await gateway.send("GET", "/").status == 200)
                #expect(try await gateway.send("GET", "/", headers: [("x-unruly", "trap")]).status == 503)
                let response = try await gateway.sendToAdmin("/plugins")
                #expect(response.headers["content-type"] == "application/json")
                let statuses = try JSONDecoder().decode([ShownPlugin].self, from: Data(response.body.utf8))
                #expect(statuses.map(\.name) == ["add-header", "unruly"])
                #expect(statuses.allSatisfy { $0.version == 1 && $0.digest.count == 64 && $0.totals.fuel > 0 })
                #expect(statuses.map(\.failures) == [0, 1])
                #expect(statuses.last?.lastFailure?.contains("unreachable") == true)
                let metrics = try await gateway.sendToAdmin("/metrics").body
                #expect(metrics.contains("gateway_filter_failures_total{filter=\"unruly\",code=\"trap\"} 1\n"))
                #expect(metrics.contains("gateway_filter_duration_seconds_count{filter=\"add-header\"} 2\n"))
            }
        }
    }

    private struct ShownPlugin: Decodable {
        struct Totals: Decodable {
            let calls: Int
            let fuel: Int
        }

        let name: String
        let version: Int
        let digest: String
        let failures: Int
        let lastFailure: String?
        let totals: Totals
    }
}
