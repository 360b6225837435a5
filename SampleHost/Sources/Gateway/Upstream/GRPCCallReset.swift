import NIOCore

/// Resets the HTTP/2 stream of a gRPC call that was given up. The transport alone would first end the request as one that is complete, and
/// reset the stream after that, so that a service could take half of a conversation for all of it.
final class GRPCCallReset: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    /// What the transport passes on when a call's messages end with it.
    struct GivenUp: Error {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is GivenUp { context.close(promise: nil) }
        context.fireErrorCaught(error)
    }

    /// Puts one into the pipeline of a call's stream.
    static func add(to channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(GRPCCallReset(), position: .first)
        }
    }
}
