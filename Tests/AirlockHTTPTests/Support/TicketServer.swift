import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import TestSupport

/// A server that answers a TLS 1.3 handshake with session tickets and with nothing else, for as long as the client takes them. No library
/// does that: from the client's last message of the handshake on, ``TicketRecords`` makes the records, with the secret that the library
/// logs.
enum TicketServer {
    /// Runs `body` with the server's port, and closes the server afterwards.
    static func with(_ body: (Int) async throws -> Void) async throws {
        let certificate = try NIOSSLCertificate(bytes: Array(TestCertificate.certificate.utf8), format: .pem)
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let secret = Secret()
                    var tls = TLSConfiguration.makeServerConfiguration(
                        certificateChain: [.certificate(certificate)], privateKey: .privateKey(key))
                    tls.keyLogCallback = { secret.read(String(buffer: $0)) }
                    try channel.pipeline.syncOperations.addHandlers(
                        TicketFlood(secret), NIOSSLServerHandler(context: NIOSSLContext(configuration: tls)))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let result: Result<Void, any Error>
        do { result = .success(try await body(listener.localAddress?.port ?? 0)) } catch { result = .failure(error) }
        try await listener.close()
        try result.get()
    }
}

/// The secret that the server's records are encrypted with after the handshake.
private final class Secret: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    var value: [UInt8] { bytes.withLock(\.self) }

    /// Reads a line of the key log.
    func read(_ line: String) {
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count == 3, words[0] == "SERVER_TRAFFIC_SECRET_0" else { return }
        let digits = Array(words[2].utf8)
        let secret = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
        bytes.withLock { $0 = secret }
    }
}

/// Stands between TLS and the socket.
private final class TicketFlood: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let secret: Secret
    private var suite: UInt16?
    private var records: TicketRecords?

    init(_ secret: Secret) {
        self.secret = secret
    }

    /// The first record is ServerHello, with the cipher suite behind the session's identifier. What TLS says after the handshake is dropped.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard records == nil else {
            promise?.succeed()
            return
        }
        let bytes = unwrapOutboundIn(data)
        if suite == nil, let length = bytes.getInteger(at: bytes.readerIndex + 43, as: UInt8.self) {
            suite = bytes.getInteger(at: bytes.readerIndex + 44 + Int(length))
        }
        context.write(data, promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // 20 and 23 begin what a client sends after its ClientHello.
        let first = unwrapInboundIn(data).getInteger(at: unwrapInboundIn(data).readerIndex, as: UInt8.self)
        guard records == nil, first == 20 || first == 23, let suite else { return context.fireChannelRead(data) }
        records = TicketRecords(secret: secret.value, suite: suite)
        // TLS is done with the handshake here. It sees nothing that comes later.
        context.fireChannelRead(data)
        flood(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func flood(_ context: ChannelHandlerContext) {
        guard let record = records?.next() else { return context.close(promise: nil) }
        let next = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: record))).whenSuccess {
            next.value.1.eventLoop.execute { next.value.0.flood(next.value.1) }
        }
    }
}
