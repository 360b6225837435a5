import NIOCore
import NIOHTTP1

/// Ends a connection on which a server sends much that is no body: informational responses without end, headers, trailers, extensions of
/// chunks. None of that reaches those who count and cap bodies.
enum OverheadLimit {
    /// Bytes that may come beyond what bodies account for: enough for any headers that a grant can sensibly allow.
    static let bytes = 512 << 10
    /// How much of it each byte of a body makes good again: a chunk of one byte needs six.
    static let bytesPerBodyByte = 8

    /// Adds the limit around the decoder of a connection that is about to be used. On the connection's event loop.
    static func install(in pipeline: ChannelPipeline.SynchronousOperations) throws {
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
        let allowance = Allowance()
        try pipeline.addHandler(RawBytes(allowance), position: .before(decoder))
        try pipeline.addHandler(DecodedParts(allowance), position: .after(decoder))
    }

    /// What may still come on one connection. Used on its event loop only.
    private final class Allowance {
        var left = OverheadLimit.bytes
    }

    private final class RawBytes: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let allowance: Allowance

        init(_ allowance: Allowance) {
            self.allowance = allowance
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            allowance.left -= unwrapInboundIn(data).readableBytes
            guard allowance.left >= 0 else {
                context.fireErrorCaught(HTTPEgressResult.responseTooLarge)
                return context.close(promise: nil)
            }
            context.fireChannelRead(data)
        }
    }

    private final class DecodedParts: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart

        private let allowance: Allowance

        init(_ allowance: Allowance) {
            self.allowance = allowance
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .body(let part):
                let more = part.readableBytes * (OverheadLimit.bytesPerBodyByte + 1)
                allowance.left = min(allowance.left + more, OverheadLimit.bytes)
            case .end:
                allowance.left = OverheadLimit.bytes
            case .head:
                break
            }
            context.fireChannelRead(data)
        }
    }
}
