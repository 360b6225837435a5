import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing

/// A server on a loopback address that answers each request with what the test writes. It keeps nothing of what it saw but two counts.
final class HostileServer: Sendable {
    /// Answers the request for a path.
    typealias Reply = @Sendable (_ path: String, _ channel: any Channel) -> Void

    private let opened = Atomic(0)
    private let received = Atomic(0)
    let port: Int

    /// How many requests came.
    var requests: Int { received.load(ordering: .relaxed) }

    private init(port: Int) {
        self.port = port
    }

    /// Runs `body` with a server, and closes it afterwards.
    static func with(
        at address: String = "127.0.0.1",
        tls: NIOSSLContext? = nil,
        reply: @escaping Reply = { _, channel in channel.respond() },
        _ body: (HostileServer) async throws -> Void
    ) async throws {
        let running = Mutex<HostileServer?>(nil)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let server = running.withLock(\.self) else { return }
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(Ear())
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(Handler(server, reply))
                }
            }
            .bind(host: address, port: 0).get()
        let server = HostileServer(port: listener.localAddress?.port ?? 0)
        running.withLock { $0 = server }
        try await body(server)
        try await listener.close()
    }

    /// Waits until no more connections are open than that. Where it is none, the client has closed its end of all of them.
    func settled(atMost count: Int = 0) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while opened.load(ordering: .relaxed) > count, .now < end { await Task.yield() }
        try #require(opened.load(ordering: .relaxed) <= count, "connections were left open")
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let server: HostileServer
        private let reply: Reply
        private var text = ""

        init(_ server: HostileServer, _ reply: @escaping Reply) {
            self.server = server
            self.reply = reply
        }

        func channelActive(context: ChannelHandlerContext) { server.opened.add(1, ordering: .relaxed) }
        func channelInactive(context: ChannelHandlerContext) { server.opened.subtract(1, ordering: .relaxed) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        /// Requests have no body here.
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text += String(buffer: unwrapInboundIn(data))
            guard text.hasSuffix("\r\n\r\n") else { return }
            let path = text.split(separator: " ").dropFirst().first.map(String.init) ?? ""
            text = ""
            server.received.add(1, ordering: .relaxed)
            (try? context.pipeline.syncOperations.handler(type: Ear.self))?.isDeaf = true
            reply(path, context.channel)
        }
    }
}

/// Hands on what comes for TLS up to the request. That the client ends the session is not heard.
private final class Ear: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    var isDeaf = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isDeaf { context.fireChannelRead(data) }
    }
}

extension Channel {
    /// Writes text as it is.
    func send(_ text: String) {
        writeAndFlush(ByteBuffer(string: text), promise: nil)
    }

    /// Writes a whole response, after which the connection is to be closed by the client.
    func respond(_ status: String = "200 OK", _ headers: [String] = [], body: String = "") {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)", "Connection: close"] + headers
        send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// Writes the text again and again until the connection is closed.
    func flood(_ text: String) {
        let bytes = ByteBuffer(string: text)
        // By way of the loop, since a write that is done at once would go deeper and deeper.
        @Sendable func next() { writeAndFlush(bytes).whenSuccess { self.eventLoop.execute { next() } } }
        next()
    }
}
