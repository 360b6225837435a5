import Foundation
import Yams

/// What the gateway's configuration says, before it is written as YAML.
struct GatewayDocument {
    struct Listener {
        var address: String
        var idle: String?
        var routes: [Route] = []
    }

    struct Upstream {
        var name: String
        var url: String
        var connectTimeout: String
        var connections: Int?
    }

    /// Equal ones are one plugin of the gateway.
    struct Plugin: Equatable {
        enum Place: Equatable {
            case path(String)
            case url(String, timeout: String?)
        }

        var name = ""
        var place: Place
        var sha256: String?
        var rootID = ""
        var vmID = ""
        var vmConfiguration: [UInt8] = []
        var configuration: [UInt8] = []
        var environment: [String: String] = [:]
        var allowedCapabilities: [String] = []
        var onFailure: String?
    }

    struct Route {
        enum Match: String {
            case prefix, startsWith, path
        }
        enum Action {
            case respond(status: Int, body: String)
            case forward(upstream: String)
        }

        var match: Match
        var path: String
        var action: Action
        var filters: [String] = []
    }

    var admin: String?
    var listeners: [Listener] = []
    var upstreams: [Upstream] = []
    var plugins: [Plugin] = []

    /// - Parameter first: the listener.
    func yaml(first: Listener) throws -> String {
        var top: [(Node, Node)] = [("listen", .text(first.address))]
        if let admin { top.append(("admin", .text(admin))) }
        if let idle = first.idle { top.append(("bounds", .flow([("idle", .text(idle))]))) }
        if !upstreams.isEmpty {
            top.append(("upstreams", Node(upstreams.map { (.text($0.name), $0.node) })))
        }
        if !plugins.isEmpty { top.append(("plugins", Node(plugins.map(\.node)))) }
        // Without a route Envoy answers 404, too.
        let nothing = Route(match: .prefix, path: "/", action: .respond(status: 404, body: ""))
        top.append(("routes", Node((first.routes.isEmpty ? [nothing] : first.routes).map(\.node))))
        return try Yams.serialize(node: Node(top), indent: 2, width: -1, allowUnicode: true)
    }
}

extension GatewayDocument.Upstream {
    fileprivate var node: Node {
        var entries: [(Node, Node)] = [("url", .text(url)), ("connectTimeout", .text(connectTimeout))]
        if let connections { entries.append(("connections", .text(String(connections)))) }
        return Node(entries)
    }
}

extension GatewayDocument.Plugin {
    fileprivate var node: Node {
        var entries: [(Node, Node)] = [("name", .text(name)), ("abi", "proxy-wasm")]
        switch place {
        case .path(let path): entries.append(("path", .text(path)))
        case .url(let url, let timeout):
            entries.append(("url", .text(url)))
            if let timeout { entries.append(("fetch", .flow([("timeout", .text(timeout))]))) }
        }
        if let sha256 { entries.append(("sha256", .text(sha256))) }
        if !rootID.isEmpty { entries.append(("rootID", .text(rootID))) }
        if !vmID.isEmpty { entries.append(("vmID", .text(vmID))) }
        if !vmConfiguration.isEmpty { entries.append(("vmConfiguration", .data(vmConfiguration))) }
        if !configuration.isEmpty { entries.append(("configuration", .data(configuration))) }
        if !environment.isEmpty {
            let variables = environment.sorted { $0.key < $1.key }.map { (Node.text($0.key), Node.text($0.value)) }
            entries.append(("environment", Node(variables)))
        }
        if !allowedCapabilities.isEmpty {
            entries.append(("allowedCapabilities", Node(allowedCapabilities.map(Node.text), .implicit, .flow)))
        }
        if let onFailure { entries.append(("onFailure", .text(onFailure))) }
        return Node(entries)
    }
}

extension GatewayDocument.Route {
    fileprivate var node: Node {
        var entries: [(Node, Node)] = [("match", .flow([(.text(match.rawValue), .text(path))]))]
        if !filters.isEmpty {
            entries.append(("filters", Node(filters.map(Node.text), .implicit, .flow)))
        }
        switch action {
        case .respond(let status, let body):
            var respond: [(Node, Node)] = [("status", .text(String(status)))]
            if !body.isEmpty { respond.append(("body", .text(body))) }
            entries.append(("respond", .flow(respond)))
        case .forward(let upstream): entries.append(("upstream", .text(upstream)))
        }
        return Node(entries)
    }
}

extension Node {
    /// A scalar, which the gateway reads as text whatever it looks like.
    fileprivate static func text(_ text: String) -> Node {
        Node(text, .implicit, text.contains(where: \.isNewline) || text.isEmpty ? .doubleQuoted : .any)
    }

    fileprivate static func flow(_ entries: [(Node, Node)]) -> Node { Node(entries, .implicit, .flow) }

    /// Text where the bytes are some, or else base64.
    fileprivate static func data(_ bytes: [UInt8]) -> Node {
        if let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains("\0") {
            return .text(text)
        }
        return .flow([("base64", .text(Data(bytes).base64EncodedString()))])
    }
}
