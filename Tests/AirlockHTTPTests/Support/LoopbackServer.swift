import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server on a loopback address that answers each HTTP/1.1 request with the bytes that the test gives it.
final class LoopbackServer: Sendable {
    typealias Reply = @Sendable (_ request: String, _ channel: any Channel) -> Void

    private struct State {
        var port = 0
        var requests: [String] = []
        var connections = 0
        var closed = 0
        var channels: [any Channel] = []
        var watchers: [(isMet: @Sendable (_ requests: Int, _ closed: Int) -> Bool, CheckedContinuation<Void, Never>)] =
            []
    }

    private let state = Mutex(State())

    /// The port that it listens on.
    var port: Int { state.withLock(\.port) }
    /// The requests that came, each from its first line to the end of its body.
    var requests: [String] { state.withLock(\.requests) }
    /// How many connections were made.
    var connections: Int { state.withLock(\.connections) }

    /// Runs `body` with a server, and closes it afterwards.
    static func with<Value>(
        at address: String = "127.0.0.1",
        port: Int = 0,
        tls: NIOSSLContext? = nil,
        reply: @escaping Reply,
        _ body: (LoopbackServer) async throws -> Value
    ) async throws -> Value {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = LoopbackServer()
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(Ear())
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(RequestHandler(server, reply))
                }
            }
            .bind(host: address, port: port).get()
        server.change { $0.port = listener.localAddress?.port ?? 0 }
        let result: Result<Value, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        try await listener.close()
        return try result.get()
    }

    /// Closes the server's end of all connections that were made.
    func closeConnections() {
        for channel in state.withLock(\.channels) { channel.close(promise: nil) }
    }

    /// Waits until that many connections were made.
    func connections(_ count: Int) async { while connections < count { await Task.yield() } }

    /// Waits until that many requests came.
    func arrivals(_ count: Int) async { await watch { requests, _ in requests >= count } }

    /// Waits until that many connections were closed.
    func closures(_ count: Int) async { await watch { _, closed in closed >= count } }

    private func watch(_ isMet: @escaping @Sendable (Int, Int) -> Bool) async {
        await withCheckedContinuation { continuation in change { $0.watchers.append((isMet, continuation)) } }
    }

    fileprivate func connected(_ channel: any Channel) {
        change { state in
            state.connections += 1
            state.channels.append(channel)
        }
    }
    fileprivate func disconnected() { change { $0.closed += 1 } }
    fileprivate func received(_ request: String) { change { $0.requests.append(request) } }

    private func change(_ body: (inout State) -> Void) {
        let met = state.withLock { state in
            body(&state)
            let (requests, closed) = (state.requests.count, state.closed)
            defer { state.watchers.removeAll { $0.isMet(requests, closed) } }
            return state.watchers.filter { $0.isMet(requests, closed) }.map(\.1)
        }
        for continuation in met { continuation.resume() }
    }
}

/// Collects requests with `Content-Length`, or without a body.
private final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let server: LoopbackServer
    private let reply: LoopbackServer.Reply
    private var text = ""

    init(_ server: LoopbackServer, _ reply: @escaping LoopbackServer.Reply) {
        self.server = server
        self.reply = reply
    }

    func channelActive(context: ChannelHandlerContext) { server.connected(context.channel) }
    func channelInactive(context: ChannelHandlerContext) { server.disconnected() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: unwrapInboundIn(data))
        // A line end is one Character of Swift's, so that the text is searched by bytes.
        let bytes = Array(text.utf8)
        let end = Array("\r\n\r\n".utf8)
        guard let headEnd = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else { return }
        let head = String(decoding: bytes[..<headEnd], as: UTF8.self).lowercased()
        let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).drop { $0 == " " }) }
        guard bytes.count >= headEnd + 4 + (length ?? 0) else { return }
        let request = text
        text = ""
        server.received(request)
        reply(request, context.channel)
    }
}

/// Hands on what comes for TLS, until it is told to be deaf.
private final class Ear: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    var isDeaf = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isDeaf { context.fireChannelRead(data) }
    }
}

extension Channel {
    /// Has TLS see nothing more of what comes, so that the server never learns that the client ended the session.
    func ignoreTheRest() {
        (try? pipeline.syncOperations.handler(type: Ear.self))?.isDeaf = true
    }

    /// Writes text as it is.
    func send(_ text: String) {
        writeAndFlush(ByteBuffer(string: text), promise: nil)
    }

    /// Writes a whole response.
    func respond(_ status: String = "200 OK", _ headers: [String] = [], body: String = "") {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers
        send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }
}
