import AirlockProxyWasm
import NIOCore
import NIOHTTP1

extension HeaderMap {
    /// A request as filters see it, in Envoy's order: `:authority`, `:path`, `:method`, `:scheme`, the client's fields, forwarding fields.
    init(_ request: CheckedRequest, headers: HTTPHeaders, client: SocketAddress?) {
        self.init()
        append(name: ":authority", value: request.authority)
        append(name: ":path", value: request.target)
        append(name: ":method", value: request.method)
        append(name: ":scheme", value: "http")
        let skipped = HopByHop.names(in: headers).union(["host", "expect", "x-forwarded-proto", "x-forwarded-for"])
        for (name, value) in headers {
            let name = name.lowercased()
            if !skipped.contains(name) { append(name: name, value: value) }
        }
        let forwardedFor = headers["x-forwarded-for"] + [client?.ipAddress].compactMap(\.self)
        if !forwardedFor.isEmpty { append(name: "x-forwarded-for", value: forwardedFor.joined(separator: ", ")) }
        append(name: "x-forwarded-proto", value: "http")
    }

    /// A response as filters see it: `:status`, then the upstream's fields.
    init(status: Int, headers: HTTPHeaders) {
        self.init()
        append(name: ":status", value: String(status))
        let skipped = HopByHop.names(in: headers)
        for (name, value) in headers {
            let name = name.lowercased()
            if !skipped.contains(name) { append(name: name, value: value) }
        }
    }
}

extension HTTPHeaders {
    /// The fields of a map without pseudo headers and without what the gateway decides itself: hop-by-hop fields.
    init(_ map: HeaderMap) {
        self.init()
        reserveCapacity(map.count)
        for (name, value) in map where !name.hasPrefix(":") && !HopByHop.contains(name) {
            add(name: name, value: value)
        }
    }
}
