import Gateway
import Foundation
import Hummingbird
import Testing

@Suite struct Bounds {
    private static let bounds = RequestBounds(body: 1000, headerCount: 10, headerSize: 200, headersSize: 600)

    /// Sends raw text through a gateway and gives back all that comes until the gateway closes the connection.
    private func answer(to request: String) async throws -> String {
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream, bounds: Self.bounds)) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    try await connection.send(request)
                    return try await connection.rest()
                }
            }
        }
    }

    @Test func `a body that is announced as too large is 413, before it is sent`() async throws {
        let answer = try await answer(
            to: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 413 Payload Too Large\r\n"))
        #expect(answer.hasSuffix("the body has 1001 bytes; at most 1000 are taken\n"))
    }

    @Test func `a chunked body that grows too large is 413`() async throws {
        let chunk = "1F4\r\n\(String(repeating: "x", count: 500))\r\n"
        let answer = try await answer(
            to: "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)\(chunk)\(chunk)0\r\n\r\n"
        )
        #expect(answer.hasPrefix("HTTP/1.1 413 Payload Too Large\r\n"))
    }

    @Test func `a body of the largest size is taken`() async throws {
        let body = String(repeating: "x", count: 1000)
        let answer = try await answer(
            to: "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n\(body)"
        )
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.hasSuffix(body))
    }

    @Test(arguments: [
        String(repeating: "A: b\r\n", count: 11),
        "A: \(String(repeating: "x", count: 201))\r\n",
        String(repeating: "A: \(String(repeating: "x", count: 150))\r\n", count: 5),
    ])
    func `too many or too large header fields are 431`(fields: String) async throws {
        let answer = try await answer(to: "GET / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 431 Request Header Fields Too Large\r\n"))
        #expect(answer.contains("connection: close\r\n"))
    }

    @Test(arguments: [
        ("two lengths", "Host: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n"),
        ("length and chunks", "Host: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
        ("a signed length", "Host: h\r\nContent-Length: +4\r\n"),
        ("no host", "X: y\r\n"),
        ("two hosts", "Host: a\r\nHost: b\r\n"),
        ("a host with a path", "Host: a/b\r\n"),
        ("white space before the colon", "Host: h\r\nTransfer-Encoding : chunked\r\n"),
        ("a folded line", "Host: h\r\nX: y\r\n z\r\n"),
        ("an unknown coding", "Host: h\r\nTransfer-Encoding: gzip, chunked\r\n"),
        ("a coding in disguise", "Host: h\r\nTransfer-Encoding: xchunked\r\n"),
    ])
    func `a request that two servers could read differently is refused, and the connection closed`(
        _ name: String,
        fields: String
    ) async throws {
        let answer = try await answer(
            to: "POST / HTTP/1.1\r\n\(fields)\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 400 ") || answer.hasPrefix("HTTP/1.1 501 "), "\(answer)")
        #expect(!answer.contains("smuggled"))
        #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2, "\(answer)")
    }

    @Test(arguments: [
        "/a/../b", "/..", "/%2e%2E/b", "/a/.%2e/b", "/a%2f..%2fb", "/a/./b", "/a\\..\\b", "/%", "/%zz", "a",
    ])
    func `a path that could mean another path, or none, is refused`(target: String) async throws {
        let answer = try await answer(to: "GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(answer)")
    }

    @Test func `what is not HTTP is 400`() async throws {
        #expect(try await answer(to: "\u{16}\u{03}\u{01}hello\r\n\r\n").hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
    }
}
