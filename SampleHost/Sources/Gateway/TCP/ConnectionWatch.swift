import NIOCore

/// Tells of a connection that breaks, and ends one on which nothing happens.
final class ConnectionWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Fails when the connection breaks or is idle for too long, and succeeds when it is closed otherwise.
    var failure: EventLoopFuture<Void> { promise.futureResult }
    private let promise: EventLoopPromise<Void>

    init(_ eventLoop: any EventLoop) {
        promise = eventLoop.makePromise()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        errorCaught(context: context, error: ConnectionIsIdle())
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.fireErrorCaught(error)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        promise.succeed()
    }
}

/// Nothing came or went on a connection for too long.
struct ConnectionIsIdle: Error {}
