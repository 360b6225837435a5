import Gateway
import Hummingbird
import NIOCore
import Testing

@Suite struct Forwarding {
    @Test func `method, path, query, fields and body reach the upstream, hop-by-hop fields do not`() async throws {
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                let response = try await gateway.send(
                    "PATCH", "/a%20b/c?x=1&y=%2F",
                    headers: [
                        ("Host", "example.org:81"), ("X-One", "1"), ("X-One", "2"), ("Connection", "x-secret"),
                        ("X-Secret", "s"),
                        ("TE", "trailers"), ("Upgrade", "h2c"), ("Accept-Encoding", "br"),
                        ("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-Proto", "https"),
                    ],
                    body: "hello"
                )
                #expect(response.status == 200)
                #expect(
                    response.body == """
                        PATCH /a%20b/c?x=1&y=%2F
                        host: example.org:81
                        accept-encoding: br
                        content-length: 5
                        x-forwarded-for: 10.0.0.1, 127.0.0.1
                        x-forwarded-proto: http
                        x-one: 1
                        x-one: 2

                        hello
                        """
                )
            }
        }
    }

    @Test func `the response's status, fields and body come back, hop-by-hop fields do not`() async throws {
        let answer: TestUpstream.Answer = { _ in
            Response(
                status: .init(code: 418),
                headers: [.setCookie: "a=1", .init("X-Up")!: "yes", .connection: "x-gone", .init("X-Gone")!: "1"],
                body: .init(byteBuffer: ByteBuffer(string: "teapot"))
            )
        }
        try await TestUpstream.with(answer) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                let response = try await gateway.send("GET", "/")
                #expect(response.status == 418)
                #expect(response.body == "teapot")
                #expect(response.headers["content-length"] == "6")
                #expect(response.headers["set-cookie"] == "a=1")
                #expect(response.headers["x-up"] == "yes")
                #expect(response.headers["x-gone"] == nil)
                #expect(response.headers["connection"] == nil)
            }
        }
    }

    @Test func `responses without body leave the connection usable`() async throws {
        let answer: TestUpstream.Answer = { request in
            switch request.uri.path {
            case "/204": Response(status: .noContent)
            case "/304": Response(status: .notModified, headers: [.eTag: "\"e\""])
            case "/streamed":
                Response(
                    status: .ok,
                    body: .init { writer in
                        if request.method != .head { try await writer.write(ByteBuffer(string: "body")) }
                        try await writer.finish(nil)
                    }
                )
            default: Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "body")))
            }
        }
        try await TestUpstream.with(answer) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    for (request, status) in [("GET /204", "204 No Content"), ("GET /304", "304 Not Modified")] {
                        try await connection.send("\(request) HTTP/1.1\r\nHost: h\r\n\r\n")
                        let head = try await connection.head()
                        #expect(head.hasPrefix("HTTP/1.1 \(status)\r\n"))
                        #expect(!head.contains("transfer-encoding"))
                    }
                    try await connection.send("HEAD /streamed HTTP/1.1\r\nHost: h\r\n\r\n")
                    #expect(try await connection.head().hasPrefix("HTTP/1.1 200 OK\r\n"))
                    try await connection.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                    let last = try await connection.rest()
                    #expect(last.hasPrefix("HTTP/1.1 200 OK\r\n"))
                    #expect(last.hasSuffix("\r\n\r\nbody"))
                    #expect(last.contains("connection: close\r\n"))
                }
            }
        }
    }

    @Test func `an HTTP/1.0 client gets HTTP/1.0, without chunks`() async throws {
        let answer: TestUpstream.Answer = { _ in
            Response(
                status: .ok,
                body: .init { writer in
                    try await writer.write(ByteBuffer(string: "one "))
                    try await writer.write(ByteBuffer(string: "two"))
                    try await writer.finish(nil)
                }
            )
        }
        try await TestUpstream.with(answer) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    try await connection.send("GET / HTTP/1.0\r\n\r\n")
                    let response = try await connection.rest()
                    #expect(response.hasPrefix("HTTP/1.0 200 OK\r\n"))
                    #expect(response.hasSuffix("\r\n\r\none two"))
                }
            }
        }
    }

    @Test func `pipelined requests are answered in order`() async throws {
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    try await connection.send(
                        "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none"
                            + "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
                            + "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthree\r\n0\r\n\r\n"
                    )
                    #expect(try await connection.text(upTo: "\n\none").contains("POST /1"))
                    #expect(try await connection.text(upTo: "x-forwarded-proto: http\n\n").contains("GET /2"))
                    #expect(try await connection.text(upTo: "\n\nthree").contains("POST /3"))
                }
            }
        }
    }

    @Test func `a client that waits for 100-continue is told to go on`() async throws {
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    try await connection.send(
                        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
                    #expect(try await connection.head() == "HTTP/1.1 100 Continue\r\n\r\n")
                    try await connection.send("hi")
                    #expect(try await connection.head().hasPrefix("HTTP/1.1 200 OK\r\n"))
                }
            }
        }
    }

    @Test(arguments: [
        ("/", "/"), ("/a//b/", "/a//b/"), ("//host/path", "//host/path"), ("/?", "/?"),
        ("/%41%2f%20%00", "/%41%2f%20%00"),
        ("/a:b@c!$&'()*+;d=e,f", "/a:b@c!$&'()*+;d=e,f"), ("/x?y=%E2%82%AC&z=a+b/c?d", "/x?y=%E2%82%AC&z=a+b/c?d"),
        ("/a|b?c[]=1", "/a%7Cb?c%5B%5D=1"), ("/\"<>^`{}", "/%22%3C%3E%5E%60%7B%7D"),
    ])
    func `the upstream gets the target that was sent, with what may not stand in a URL percent-encoded`(
        sent: String,
        got: String
    ) async throws {
        let targets = AsyncStream<String>.makeStream()
        try await RawConnection.listen { connection in
            targets.continuation.yield(
                try await connection.head().split(separator: "\r\n").first.map(String.init) ?? "")
            try await connection.send("HTTP/1.1 204 No Content\r\n\r\n")
            _ = try await connection.rest()
        } while: { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    try await connection.send("GET \(sent) HTTP/1.1\r\nHost: h\r\n\r\n")
                    #expect(try await connection.head().hasPrefix("HTTP/1.1 204 "))
                    #expect(await targets.stream.first { _ in true } == "GET \(got) HTTP/1.1")
                }
            }
        }
    }
}
