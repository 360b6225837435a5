import AirlockProxyWasm
import NIOHTTP1

/// The head of the request to an upstream, from the map that the filters left.
struct UpstreamHead {
    let method: String
    let target: String
    /// With `host`, without framing: the gateway knows how the body is delimited.
    let headers: HTTPHeaders

    /// - Throws: a refusal (502) where filters left a path or a method that cannot be sent.
    init(_ map: HeaderMap) throws(Refusal) {
        let target = try Self.target(of: map)
        guard let method = map[":method"], !method.isEmpty, method != "CONNECT",
            method.utf8.allSatisfy({
                (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x5F
            })
        else { throw Refusal(.badGateway, "a filter left a method that cannot be sent") }
        self.method = method
        self.target = target
        var headers = HTTPHeaders(map)
        headers.remove(name: "content-length")
        headers.remove(name: "host")
        if let authority = map[":authority"], !authority.isEmpty { headers.add(name: "host", value: authority) }
        self.headers = headers
    }

    /// The path and query.
    /// - Throws: a refusal (502) where filters left none that can be sent.
    static func target(of map: HeaderMap) throws(Refusal) -> String {
        guard let target = map[":path"].flatMap(RequestTarget.encoded), !RequestTarget.hasDotSegments(target) else {
            throw Refusal(.badGateway, "a filter left a path that cannot be sent")
        }
        return target
    }
}
