import NIOCore
import NIOSSL

/// Closes the socket of a TLS connection together with the connection. NIOSSL by itself waits for the server to end the session, too, and
/// goes on reading and decrypting until it does or until a time has passed; nobody counts what comes then.
final class ImmediateClose: ChannelOutboundHandler {
    typealias OutboundIn = Never

    /// The place in the pipeline from which a call goes on to the socket.
    private var tls: ChannelHandlerContext?

    private init(_ tls: ChannelHandlerContext) {
        self.tls = tls
    }

    /// Adds it to a connection that has TLS. On the connection's event loop.
    static func install(in pipeline: ChannelPipeline.SynchronousOperations) throws {
        guard let tls = try? pipeline.context(handlerType: NIOSSLClientHandler.self) else { return }
        try pipeline.addHandler(ImmediateClose(tls), position: .after(tls.handler))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        tls = nil
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        let tls = tls
        // The server is told that the session ends.
        context.close(mode: mode, promise: promise)
        if mode == .all { tls?.close(promise: nil) }
    }
}
