import AsyncHTTPClient
import Gateway
import Hummingbird
import NIOCore
import NIOHTTP1
import Testing

@Suite struct Streaming {
    @Test func `the upstream sees the first part before the client has sent the last, and answers before that`()
        async throws
    {
        let answer: TestUpstream.Answer = { request in
            Response(
                status: .ok,
                body: .init { writer in
                    for try await part in request.body { try await writer.write(part) }
                    try await writer.finish(nil)
                }
            )
        }
        try await TestUpstream.with(answer) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    try await connection.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
                    _ = try await connection.head()
                    for word in ["first", "again", "third"] {
                        try await connection.send("5\r\n\(word)\r\n")
                        #expect(try await connection.text(upTo: "\r\n\(word)\r\n") == "5\r\n\(word)\r\n")
                    }
                    try await connection.send("0\r\n\r\n")
                    #expect(try await connection.text(upTo: "0\r\n\r\n") == "0\r\n\r\n")
                }
            }
        }
    }

    @Test func `large bodies go both ways unchanged`() async throws {
        let answer: TestUpstream.Answer = { request in
            Response(
                status: .ok,
                body: .init { writer in
                    for try await part in request.body { try await writer.write(part) }
                    try await writer.finish(nil)
                }
            )
        }
        try await TestUpstream.with(answer) { upstream in
            let bounds = RequestBounds(body: 64 << 20)
            try await RunningGateway.with(try .forwarding(to: upstream, bounds: bounds)) { gateway in
                let block = ByteBuffer(bytes: (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 31) })
                for length in [HTTPClientRequest.Body.Length.unknown, .known(Int64(256 * 65_536))] {
                    var request = HTTPClientRequest(url: "http://\(gateway.address)/")
                    request.method = .POST
                    request.body = .stream(Blocks(block: block, count: 256), length: length)
                    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
                    var received = try await response.body.collect(upTo: 64 << 20)
                    #expect(received.readableBytes == 256 * 65_536)
                    while let part = received.readSlice(length: 65_536) { try #require(part == block) }
                }
            }
        }
    }

    @Test func `an upstream that nobody reads from is held back`() async throws {
        let written = AsyncStream<Int>.makeStream()
        let answer: TestUpstream.Answer = { _ in
            Response(
                status: .ok,
                body: .init { writer in
                    let block = ByteBuffer(repeating: 0x61, count: 1 << 20)
                    for count in 1...256 {
                        try await writer.write(block)
                        written.continuation.yield(count)
                    }
                    try await writer.finish(nil)
                    written.continuation.finish()
                }
            )
        }
        try await TestUpstream.with(answer) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                let response = try await HTTPClient.shared.execute(
                    HTTPClientRequest(url: "http://\(gateway.address)/"), timeout: .seconds(120)
                )
                var parts = response.body.makeAsyncIterator()
                let first = try await parts.next()
                #expect(first != nil)
                // Another request shows that the gateway is not busy with the first one; by then 256 MiB would have gone through.
                _ = try await gateway.send("GET", "/nowhere", headers: [("Host", "/")])
                var received = first?.readableBytes ?? 0
                var highest = 0
                var counts = written.stream.makeAsyncIterator()
                highest = await counts.next() ?? 0
                #expect(highest < 256)
                while let part = try await parts.next() { received += part.readableBytes }
                #expect(received == 256 << 20)
            }
        }
    }

    @Test func `a client that goes away ends the request to the upstream`() async throws {
        let upstreamEnded = AsyncStream<Void>.makeStream()
        let answer: TestUpstream.Answer = { request in
            Response(
                status: .ok,
                body: .init { writer in
                    defer { upstreamEnded.continuation.finish() }
                    try await writer.write(ByteBuffer(string: "begin"))
                    for try await _ in request.body {}
                    while true {
                        try await writer.write(ByteBuffer(repeating: 0x61, count: 65_536))
                    }
                }
            )
        }
        try await TestUpstream.with(answer) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    try await connection.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                    _ = try await connection.text(upTo: "begin")
                }
                for await _ in upstreamEnded.stream {}
            }
        }
    }

    @Test func `a client that goes away while the upstream thinks ends the request to the upstream`() async throws {
        let received = AsyncStream<String>.makeStream()
        try await RawConnection.listen { connection in
            received.continuation.yield(try await connection.head())
            received.continuation.yield(try await connection.rest())
        } while: { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    try await connection.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                    #expect(await received.stream.first { _ in true }?.hasPrefix("GET / HTTP/1.1\r\n") == true)
                }
                #expect(await received.stream.first { _ in true } == "")
            }
        }
    }

    @Test func `a client that goes away in its body does not look like a complete request to the upstream`()
        async throws
    {
        let received = AsyncStream<String>.makeStream()
        try await RawConnection.listen { connection in
            received.continuation.yield(try await connection.text(upTo: "hello\r\n"))
            received.continuation.yield(try await connection.rest())
            received.continuation.finish()
        } while: { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    try await connection.send(
                        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
                    let request = await received.stream.first { _ in true }
                    #expect(request?.hasSuffix("\r\n\r\n5\r\nhello\r\n") == true)
                }
                #expect(await received.stream.first { _ in true } == "")
            }
        }
    }
}

/// The same block again and again.
struct Blocks: AsyncSequence, Sendable {
    let block: ByteBuffer
    let count: Int

    struct Iterator: AsyncIteratorProtocol {
        let block: ByteBuffer
        var left: Int

        mutating func next() async -> ByteBuffer? {
            guard left > 0 else { return nil }
            left -= 1
            return block
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(block: block, left: count) }
}
