import NIOCore
import NIOHTTP1
import NIOSSL

/// Ends a connection on which a server sends much that is no body: informational responses without end, headers, trailers, extensions of
/// chunks, and below them messages of TLS. None of that reaches those who cap bodies. All but what is of TLS is counted for the grant's
/// account.
enum OverheadLimit {
    /// Bytes that may come beyond what bodies account for: enough for any headers that a grant can sensibly allow.
    static let bytes = 512 << 10
    /// How much of it each byte of a body makes good again: a chunk of one byte needs six.
    static let bytesPerBodyByte = 8
    /// How many bytes of TLS may come for each byte in it. A record with one byte has 23, or some 50 with the older ciphers.
    static let bytesPerPlainByte = 64

    /// Adds the limit around the decoder of a connection that is about to be used, and below TLS. On the connection's event loop.
    static func install(
        in pipeline: ChannelPipeline.SynchronousOperations, counting received: ReceivedBytes
    ) throws {
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
        let (http, tls) = (Allowance(), Allowance())
        if (try? pipeline.handler(type: NIOSSLClientHandler.self)) != nil {
            try pipeline.addHandler(RawBytes(tls, counted: nil), position: .first)
            try pipeline.addHandler(PlainBytes(tls), position: .before(decoder))
        }
        try pipeline.addHandler(RawBytes(http, counted: received), position: .before(decoder))
        try pipeline.addHandler(DecodedParts(http), position: .after(decoder))
    }

    /// What may still come on one connection. Used on its event loop only.
    private final class Allowance {
        var left = OverheadLimit.bytes

        func add(_ bytes: Int) {
            left = min(left + bytes, OverheadLimit.bytes)
        }
    }

    /// Counts what comes.
    private final class RawBytes: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let allowance: Allowance
        private let received: ReceivedBytes?

        init(_ allowance: Allowance, counted received: ReceivedBytes?) {
            self.allowance = allowance
            self.received = received
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let count = unwrapInboundIn(data).readableBytes
            received?.add(count)
            allowance.left -= count
            guard allowance.left >= 0 else {
                context.fireErrorCaught(HTTPEgressResult.responseTooLarge)
                return context.close(promise: nil)
            }
            context.fireChannelRead(data)
        }
    }

    /// Makes good what TLS needs for what is in it.
    private final class PlainBytes: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let allowance: Allowance

        init(_ allowance: Allowance) {
            self.allowance = allowance
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            allowance.add(unwrapInboundIn(data).readableBytes * OverheadLimit.bytesPerPlainByte)
            context.fireChannelRead(data)
        }
    }

    /// Makes good what HTTP needs for bodies.
    private final class DecodedParts: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart

        private let allowance: Allowance

        init(_ allowance: Allowance) {
            self.allowance = allowance
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .body(let part): allowance.add(part.readableBytes * (OverheadLimit.bytesPerBodyByte + 1))
            case .end: allowance.left = OverheadLimit.bytes
            case .head: break
            }
            context.fireChannelRead(data)
        }
    }
}
