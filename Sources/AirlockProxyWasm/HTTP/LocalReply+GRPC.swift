/// Replies to gRPC requests, whose clients read the outcome in fields and take an HTTP status and a body for a broken server ("gRPC over
/// HTTP2", "Trailers-Only").
extension LocalReply {
    /// The reply as fields alone: the filter's gRPC status, or the one that its HTTP status stands for, and the body as the message.
    var trailersOnly: LocalReply {
        var reply = self
        reply.status = 200
        reply.body = []
        reply.grpcStatus = grpcStatus >= 0 ? grpcStatus : Self.grpcStatus(for: status)
        reply.headers["content-type"] = "application/grpc"
        reply.headers["grpc-status"] = String(reply.grpcStatus)
        if !body.isEmpty { reply.headers["grpc-message"] = Self.percentEncoded(body.prefix(Self.maximumMessageBytes)) }
        return reply
    }

    /// As many bytes of a body as become a message: it is a header field.
    private static let maximumMessageBytes = 1024

    /// "HTTP to gRPC Status Code Mapping" of gRPC.
    static func grpcStatus(for status: UInt32) -> Int32 {
        switch status {
        case 400: 13
        case 401: 16
        case 403: 7
        case 404: 12
        case 429, 502, 503, 504: 14
        default: 2
        }
    }

    /// A message may hold printable ASCII without the percent sign.
    private static func percentEncoded(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            if (0x20...0x7E).contains(byte), byte != UInt8(ascii: "%") {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 0xF)]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}

extension HeaderMap {
    /// Whether they are those of a gRPC request.
    var areOfGRPC: Bool {
        guard let type = firstValue(of: "content-type".utf8), type.starts(with: "application/grpc".utf8) else {
            return false
        }
        let next = type.dropFirst("application/grpc".utf8.count).first
        return next == nil || next == UInt8(ascii: "+") || next == UInt8(ascii: ";")
    }
}
