import Foundation
import Hummingbird

/// How the admin server writes JSON.
enum AdminJSON {
    static func response(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var headers = headers
        headers[.contentType] = "application/json"
        let bytes = ByteBuffer(bytes: try encoder.encode(value) + [0x0A])
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: bytes))
    }

    /// In one line.
    static func line(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
