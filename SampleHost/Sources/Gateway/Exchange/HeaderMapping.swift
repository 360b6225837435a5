import AirlockProxyWasm
import NIOCore
import NIOHTTP1

extension HeaderMap {
    /// A request as filters see it, in Envoy's order: `:authority`, `:path`, `:method`, `:scheme`, the client's fields, forwarding fields.
    /// - Parameter client: the address that is added to those that the request was forwarded for.
    init(_ request: CheckedRequest, headers: HTTPHeaders, client: String?) {
        self.init()
        reserveCapacity(fields: headers.count + 6, bytes: 512)
        append(name: ":authority", value: request.authority)
        append(name: ":path", value: request.target)
        append(name: ":method", value: request.method)
        append(name: ":scheme", value: "http")
        let hopByHop = HopByHop(headers)
        for (name, value) in headers where !hopByHop.contains(name) && !Self.isOfGateway(name) {
            append(name: name, value: value)
        }
        let others = headers["x-forwarded-for"]
        if let addresses = others.isEmpty ? client : (others + [client].compactMap(\.self)).joined(separator: ", ") {
            append(name: "x-forwarded-for", value: addresses)
        }
        append(name: "x-forwarded-proto", value: "http")
    }

    /// Whether the gateway says itself what is in a field of a request.
    private static func isOfGateway(_ name: String) -> Bool {
        switch name.utf8.count {
        case 4: name.isField("host")
        case 6: name.isField("expect")
        case 15: name.isField("x-forwarded-for")
        case 17: name.isField("x-forwarded-proto")
        default: false
        }
    }

    /// A response as filters see it: `:status`, then the upstream's fields.
    init(status: Int, headers: HTTPHeaders) {
        self.init()
        append(name: ":status", value: String(status))
        let hopByHop = HopByHop(headers)
        for (name, value) in headers where !hopByHop.contains(name) { append(name: name, value: value) }
    }
}

extension HTTPHeaders {
    /// The fields of a map without pseudo headers and without what the gateway decides itself: hop-by-hop fields.
    init(_ map: HeaderMap) {
        self.init()
        reserveCapacity(map.count)
        for (name, value) in map where name.utf8.first != UInt8(ascii: ":") && !HopByHop.isKnown(name) {
            add(name: name, value: value)
        }
    }
}
