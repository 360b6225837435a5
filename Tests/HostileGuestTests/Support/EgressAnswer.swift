import AirlockHTTP
import NIOCore

/// What a server answers that means no good, or does not mean to end.
enum EgressAnswer: String, CaseIterable, Codable, Sendable {
    case redirectToForbiddenHost, redirectToPrivateName, redirectToPrivateAddress, redirectToFile, redirectByName,
        redirectAtSecondHop
    case redirectLoop
    case hugeLength, hugeBody, endlessBody, endlessChunks
    case endlessHead, endlessHeaders, endlessHints, endlessExtension, endlessTrailers
    case silence, drip
    case gzipBomb, secondResponse, upgrade
    case closedAtOnce, closedMidway, closedInChunk
    case garbage, lengths, negativeLength

    /// Those after which the client closes a connection that the server would keep.
    static let overTLS: [EgressAnswer] = [
        .redirectToForbiddenHost, .endlessBody, .endlessHeaders, .drip, .closedMidway,
    ]

    /// What the guest gets.
    enum Outcome: Equatable {
        case result(HTTPEgressResult)
        /// A response with as many bytes.
        case length(Int32)
        /// The same, or no connection, since the client closes one that a server said too much on.
        case lengthOrClosed(Int32)
    }

    var outcome: Outcome {
        switch self {
        case .redirectToForbiddenHost, .redirectToPrivateName, .redirectToPrivateAddress, .redirectToFile,
            .redirectByName,
            .redirectAtSecondHop:
            .result(.notAllowed)
        case .redirectLoop: .result(.tooManyRedirects)
        case .hugeLength, .hugeBody, .endlessBody, .endlessChunks, .endlessHeaders,
            .endlessHints,
            .endlessExtension, .endlessTrailers:
            .result(.responseTooLarge)
        case .silence, .drip: .result(.timedOut)
        case .gzipBomb: .length(Int32(Self.bomb.count))
        case .secondResponse: .lengthOrClosed(2)
        case .upgrade: .length(0)
        case .closedAtOnce, .closedMidway, .closedInChunk: .result(.connectionFailed)
        case .endlessHead, .garbage, .lengths, .negativeLength: .result(.invalidResponse)
        }
    }

    /// How often it is answered. On two busy cores one repetition takes 10 ms, and a tenth of a second where the client reads half a MiB of
    /// what is no body, or makes six connections. What a second response seems to leave behind is in docs/roadmap.md.
    var repetitions: Int {
        switch self {
        case .redirectLoop, .endlessHeaders, .endlessHints, .endlessExtension, .endlessTrailers, .secondResponse: 20
        default: 200
        }
    }

    /// Answers the request for a path. The names are those of ``EgressServerTests``.
    func reply(_ path: String, _ channel: any Channel) {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        let piece = { (text: String) in String(repeating: text, count: 32_768 / text.utf8.count) }
        func redirect(_ location: String) { channel.respond("302 Found", ["Location: \(location)"]) }
        switch self {
        case .redirectToForbiddenHost: redirect("http://evil.test/")
        case .redirectToPrivateName: redirect("http://private.test/")
        case .redirectToPrivateAddress: redirect("http://169.254.169.254/latest/meta-data/")
        case .redirectToFile: redirect("file:///etc/passwd")
        case .redirectByName: redirect("http://plugins.test@evil.test/")
        case .redirectAtSecondHop: redirect(path == "/second" ? "http://private.test/" : "/second")
        case .redirectLoop: redirect("/again")
        case .hugeLength: channel.send("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nbody")
        case .hugeBody: channel.respond(body: String(repeating: "b", count: 20_000))
        case .endlessBody:
            channel.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            channel.flood(piece("b"))
        case .endlessChunks:
            channel.send(chunked)
            channel.flood(piece("400\r\n\(String(repeating: "x", count: 1_024))\r\n"))
        case .endlessHead: channel.flood(piece("HTTP"))
        case .endlessHeaders:
            channel.send("HTTP/1.1 200 OK\r\n")
            channel.flood(piece("X-Header: value\r\n"))
        case .endlessHints: channel.flood(piece("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"))
        case .endlessExtension:
            channel.send(chunked + "1;")
            channel.flood(piece("name=value;"))
        case .endlessTrailers:
            channel.send(chunked + "0\r\n")
            channel.flood(piece("X-Trailer: value\r\n"))
        case .silence: break
        case .drip:
            channel.send("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
            let task = channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(1)) { _ in
                channel.send("a")
            }
            channel.closeFuture.whenComplete { _ in task.cancel() }
        case .gzipBomb:
            let head =
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(Self.bomb.count)\r\nConnection: close\r\n\r\n"
            channel.writeAndFlush(ByteBuffer(bytes: Array(head.utf8) + Self.bomb), promise: nil)
        case .secondResponse:
            channel.send(
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        case .closedAtOnce: channel.close(promise: nil)
        case .closedMidway: channel.sendLast("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        case .closedInChunk: channel.sendLast(chunked + "a\r\nhalf")
        case .garbage: channel.send("\u{1}\u{2}\u{3} garbage\r\n\r\n")
        case .lengths: channel.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\nevil")
        case .negativeLength: channel.send("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")
        case .upgrade: channel.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
        }
    }

    /// 100,000 zeros as gzip makes them.
    private static let bomb: [UInt8] =
        [
            0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0x02, 0xFF, 0xED, 0xC1, 0x31, 0x01, 0, 0, 0, 0xC2, 0xA0, 0xF5, 0x4F, 0x6D,
            0x0D, 0x0F, 0xA0,
        ]
        + [UInt8](repeating: 0, count: 96) + [0x80, 0x57, 0x03, 0x7D, 0x95, 0x11, 0xD4, 0xA0, 0x86, 0x01, 0]
}

extension Channel {
    /// Writes text and closes the connection.
    fileprivate func sendLast(_ text: String) {
        writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in self.close(promise: nil) }
    }
}
