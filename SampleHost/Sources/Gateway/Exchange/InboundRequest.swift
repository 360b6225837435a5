import NIOCore
import NIOHTTP1

/// A request as it came from a client, and what is needed to check and forward it.
struct InboundRequest: Sendable {
    let head: HTTPRequestHead
    let body: RequestBodyChannel
    let peers: ConnectionPeers

    /// How the body is delimited (RFC 9112, section 6.3).
    enum Framing: Sendable, Equatable {
        case none
        case length(Int)
        case chunked
    }

    /// What the request is about, after everything that would let two servers read it differently was refused.
    ///
    /// - Throws: a refusal: 400 for a request that is ambiguous or not well formed, 413 for a body that is announced as too large, 501 for
    ///   what the gateway does not do.
    func checked(bodyLimit: Int, paths: PathForm) throws(Refusal) -> CheckedRequest {
        let framing = try framing(bodyLimit: bodyLimit)
        guard head.method != .CONNECT else { throw Refusal(.notImplemented, "CONNECT is not supported") }
        let (authority, sent) = try target()
        guard let encoded = RequestTarget.encoded(sent) else {
            throw Refusal(.badRequest, "the request target is not valid")
        }
        guard let target = RequestTarget.formed(encoded, paths) else {
            throw Refusal(.badRequest, "the path has an encoded slash")
        }
        guard !RequestTarget.hasDotSegments(target) else { throw Refusal(.badRequest, "the path has . or .. segments") }
        return CheckedRequest(method: head.method.rawValue, authority: authority, target: target, framing: framing)
    }

    private func framing(bodyLimit: Int) throws(Refusal) -> Framing {
        let codings = head.headers[canonicalForm: "transfer-encoding"]
        let lengths = head.headers[canonicalForm: "content-length"]
        guard codings.isEmpty || lengths.isEmpty else {
            throw Refusal(.badRequest, "both content-length and transfer-encoding")
        }
        if let coding = codings.first {
            guard codings.count == 1, coding.lowercased() == "chunked", head.version == .http1_1 else {
                throw Refusal(.notImplemented, "the only transfer coding is chunked")
            }
            return .chunked
        }
        guard let first = lengths.first else { return .none }
        guard lengths.count == 1, first.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(first) else {
            throw Refusal(.badRequest, "content-length is not a number")
        }
        guard length <= bodyLimit else {
            throw Refusal(.payloadTooLarge, "the body has \(length) bytes; at most \(bodyLimit) are taken")
        }
        return length == 0 ? .none : .length(length)
    }

    /// The host and the path with query; an absolute target (RFC 9112, section 3.2.2) is taken apart.
    private func target() throws(Refusal) -> (authority: String, target: String) {
        let hosts = head.headers["host"]
        guard hosts.count == 1 || (hosts.isEmpty && head.version == .http1_0) else {
            throw Refusal(.badRequest, "expected one host header, found \(hosts.count)")
        }
        let host = hosts.first ?? ""
        if head.uri.hasPrefix("/") { return (try Self.authority(host), head.uri) }
        if head.method == .OPTIONS, head.uri == "*" { throw Refusal(.notImplemented, "OPTIONS * is not supported") }
        for scheme in ["http://", "https://"] where head.uri.lowercased().hasPrefix(scheme) {
            let rest = head.uri.dropFirst(scheme.count)
            let authority = rest.prefix { !"/?".contains($0) }
            let target = rest[authority.endIndex...]
            return (try Self.authority(String(authority)), target.hasPrefix("/") ? String(target) : "/\(target)")
        }
        throw Refusal(.badRequest, "the request target does not begin with /")
    }

    private static func authority(_ text: String) throws(Refusal) -> String {
        let isValid = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/?#@\\,".utf8.contains($0) }
        guard isValid else { throw Refusal(.badRequest, "the host is not valid") }
        return text
    }
}

/// What a request is about.
struct CheckedRequest: Sendable {
    let method: String
    let authority: String
    /// The path and query; see ``RequestTarget``.
    let target: String
    let framing: InboundRequest.Framing
}
