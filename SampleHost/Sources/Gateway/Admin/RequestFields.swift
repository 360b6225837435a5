import Foundation
import Hummingbird
import NIOCore

/// The JSON object in a request's body: what an operator says beside the path.
struct RequestFields: Sendable {
    private enum Field: Decodable {
        case text(String)
        case number(Int)
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else {
                self = .other
            }
        }
    }

    /// The largest body that is read, in bytes.
    private static let mostBytes = 16 << 10

    private let fields: [String: Field]

    /// Reads the body; an empty one has no fields.
    init(_ request: Request, known: [String]) async throws {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Self.mostBytes)
        } catch is NIOTooManyBytesError {
            throw AdminError(
                .contentTooLarge, code: "badRequest", "expected a body of at most \(Self.mostBytes) bytes, found more")
        }
        guard body.readableBytes > 0 else {
            fields = [:]
            return
        }
        guard let fields = try? JSONDecoder().decode([String: Field].self, from: Data(body.readableBytesView)) else {
            throw Self.mistake("expected a JSON object, or no body")
        }
        for name in fields.keys.sorted() where !known.contains(name) {
            let expected = known.isEmpty ? "none" : known.joined(separator: ", ")
            throw Self.mistake(
                "unknown key \"\(name.prefix(100))\"\(Suggestion.phrase(for: name, among: known)); expected \(expected)"
            )
        }
        self.fields = fields
    }

    func has(_ name: String) -> Bool { fields[name] != nil }

    func text(_ name: String) throws(AdminError) -> String? {
        switch fields[name] {
        case nil: return nil
        case .text(let text): return text
        default: throw Self.mistake("\(name): expected a text")
        }
    }

    func number(_ name: String) throws(AdminError) -> Int? {
        switch fields[name] {
        case nil: return nil
        case .number(let number): return number
        default: throw Self.mistake("\(name): expected a whole number")
        }
    }

    /// The SHA-256 of a module.
    func digest() throws(AdminError) -> String {
        guard let digest = try text("digest"), digest.utf8.count == 64,
            digest.allSatisfy({ $0.isASCII && $0.isHexDigit })
        else { throw Self.mistake("digest: expected 64 hexadecimal digits") }
        return digest
    }

    static func mistake(_ message: String) -> AdminError {
        AdminError(.badRequest, code: "badRequest", message)
    }
}
