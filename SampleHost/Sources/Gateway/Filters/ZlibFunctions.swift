import AirlockProxyWasm
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPCompression

extension ForeignFunctions {
    /// What filters of the gateway can call: Envoy's functions, with `compress` and `uncompress` in the zlib format (RFC 1950).
    static var ofGateway: ForeignFunctions {
        var functions = builtIn()
        functions["compress"] = { (call) throws(ForeignFunctionError) in
            try refusing { try Zlib.compress(call.arguments) }
        }
        functions["uncompress"] = { (call) throws(ForeignFunctionError) in
            try refusing { try Zlib.uncompress(call.arguments, atMost: Zlib.mostBytes) }
        }
        return functions
    }

    /// Every failure is 3 for the filter, as in Envoy.
    private static func refusing(_ body: () throws -> [UInt8]) throws(ForeignFunctionError) -> [UInt8] {
        do { return try body() } catch { throw .serializationFailure }
    }
}

/// The zlib format, which HTTP calls "deflate": through the handlers that compress and decompress bodies.
enum Zlib {
    struct NotZlib: Error {}

    /// The most bytes that are made of compressed ones.
    static let mostBytes = 1 << 20

    static func compress(_ bytes: [UInt8]) throws -> [UInt8] {
        let channel = EmbeddedChannel(handler: NIOHTTPRequestCompressor(encoding: .deflate))
        defer { _ = try? channel.finish() }
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: bytes))), promise: nil)
        channel.write(HTTPClientRequestPart.end(nil), promise: nil)
        channel.flush()
        var compressed: [UInt8] = []
        while let part = try channel.readOutbound(as: HTTPClientRequestPart.self) {
            if case .body(.byteBuffer(let buffer)) = part { compressed += buffer.readableBytesView }
        }
        return compressed
    }

    /// - Throws: where the bytes are not in the format, or make more than `limit` bytes.
    static func uncompress(_ bytes: [UInt8], atMost limit: Int) throws -> [UInt8] {
        // The handler would take gzip as well. RFC 1950, 2.2: the method is 8, and both bytes together are a multiple of 31.
        guard bytes.count >= 2, bytes[0] & 0x0F == 8, (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0 else {
            throw NotZlib()
        }
        let channel = EmbeddedChannel(handler: NIOHTTPRequestDecompressor(limit: .size(limit)))
        defer { _ = try? channel.finish() }
        var head = head
        head.headers.add(name: "content-encoding", value: "deflate")
        head.headers.add(name: "content-length", value: "\(bytes.count)")
        try channel.writeInbound(HTTPServerRequestPart.head(head))
        try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(bytes: bytes)))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        var uncompressed: [UInt8] = []
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
            if case .body(let buffer) = part { uncompressed += buffer.readableBytesView }
        }
        return uncompressed
    }

    private static let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")
}
