import NIOCore

/// Lets what is written to a connection in one turn of its event loop leave together: the head of a response, its body and its end are one
/// system call in place of three.
final class FlushGathering: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var isScheduled = false

    func flush(context: ChannelHandlerContext) {
        guard !isScheduled else { return }
        isScheduled = true
        context.eventLoop.assumeIsolated().execute { self.flushNow(context) }
    }

    private func flushNow(_ context: ChannelHandlerContext) {
        isScheduled = false
        context.flush()
    }

    /// What was written before the connection closes is sent.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if isScheduled { flushNow(context) }
        context.close(mode: mode, promise: promise)
    }
}
