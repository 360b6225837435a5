import Foundation
import Yams

/// What the gateway's configuration says, before it is written as YAML.
struct GatewayDocument {
    struct Listener {
        /// Where it is in the bootstrap.
        var place = ""
        var address: String
        var direction: String?
        var metadata: [Space] = []
        var dynamicMetadata: [Space] = []
        var paths = Paths()
        var idle: String?
        var routes: [Route] = []
        /// Where its connections go, where it has no routes.
        var tcp: Connections?

        /// Whether `listen` says all of it.
        var isPlain: Bool {
            direction == nil && metadata.isEmpty && dynamicMetadata.isEmpty && paths == Paths() && tcp == nil
        }
    }

    /// What paths of requests are brought into.
    struct Paths: Equatable {
        var isNormalized = false
        var mergesSlashes = false
        var refusesEscapedSlashes = false
    }

    /// Where the connections of a listener go.
    struct Connections {
        var filters: [String]
        var upstream: String
        var idle: String?
    }

    /// A namespace of metadata, and the mapping that it has.
    struct Space {
        var name: String
        var values: Node
    }

    /// What filters are told of Envoy itself.
    struct Server {
        var id: String?
        var cluster: String?
        var metadata: Node?
    }

    struct Upstream {
        /// Where it is in the bootstrap.
        var place = ""
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
        var allowOnHeadersStopIteration = false
        /// Whether it is a filter, whose changes of headers choose the route anew as in Envoy.
        var headersChooseRoute = false
        var onFailure: String?
        /// The waits of the policy FAIL_RELOAD, where they are said.
        var waits: Waits?
    }

    struct Waits: Equatable {
        var shortest: String
        var longest: String?
    }

    struct Route {
        enum Match: String {
            case prefix, startsWith, path
        }
        enum Action {
            case respond(status: Int, body: String)
            case forward(upstream: String)

            var upstream: String? {
                if case .forward(let upstream) = self { upstream } else { nil }
            }
        }

        /// Where it is in the bootstrap, and its virtual host.
        var place = ""
        var host = ""
        var match: Match
        var path: String
        var action: Action
        var filters: [String] = []
        var name: String?
        var virtualHost: String?
        var metadata: [Space] = []
        /// Whether it answers 501 since something is not expressed.
        var isClosed = false
    }

    /// A plugin that no request passes.
    struct Service {
        var plugin: Plugin
        var singleton: Bool
    }

    var node: Server?
    var admin: String?
    var listeners: [Listener] = []
    var upstreams: [Upstream] = []
    var plugins: [Plugin] = []
    var services: [Service] = []

    /// - Parameter first: the listener.
    func yaml(first: Listener) throws -> String {
        let isShort = listeners.count == 1 && first.isPlain
        var top: [(Node, Node)] = []
        if isShort { top.append(("listen", .text(first.address))) }
        if let node { top.append(("node", node.node)) }
        if let admin { top.append(("admin", .text(admin))) }
        let idle = listeners.first { $0.tcp == nil }?.idle
        if let idle { top.append(("bounds", .flow([("idle", .text(idle))]))) }
        if !upstreams.isEmpty {
            top.append(("upstreams", Node(upstreams.map { (.text($0.name), $0.node) })))
        }
        if !plugins.isEmpty { top.append(("plugins", Node(plugins.map(\.node)))) }
        if !services.isEmpty {
            let nodes = services.map { service in
                Node(service.plugin.entries + (service.singleton ? [("singleton", "true")] : []))
            }
            top.append(("services", Node(nodes)))
        }
        top.append(isShort ? ("routes", first.routesNode) : ("listeners", Node(listeners.map(\.node))))
        return try Yams.serialize(node: Node(top), indent: 2, width: -1, allowUnicode: true)
    }
}

extension GatewayDocument.Listener {
    fileprivate var node: Node {
        var entries: [(Node, Node)] = [("address", .text(address))]
        if let direction { entries.append(("direction", .text(direction))) }
        if !metadata.isEmpty { entries.append(("metadata", .spaces(metadata))) }
        if !dynamicMetadata.isEmpty { entries.append(("dynamicMetadata", .spaces(dynamicMetadata))) }
        if paths != GatewayDocument.Paths() { entries.append(("paths", paths.node)) }
        if let tcp { entries.append(("tcp", tcp.node)) } else { entries.append(("routes", routesNode)) }
        return Node(entries)
    }

    fileprivate var routesNode: Node {
        // Without a route Envoy answers 404, too.
        let nothing = GatewayDocument.Route(match: .prefix, path: "/", action: .respond(status: 404, body: ""))
        return Node((routes.isEmpty ? [nothing] : routes).map(\.node))
    }
}

extension GatewayDocument.Paths {
    fileprivate var node: Node {
        var entries: [(Node, Node)] = []
        if isNormalized { entries.append(("normalize", "true")) }
        if mergesSlashes { entries.append(("mergeSlashes", "true")) }
        if refusesEscapedSlashes { entries.append(("escapedSlashes", "refuse")) }
        return .flow(entries)
    }
}

extension GatewayDocument.Connections {
    fileprivate var node: Node {
        var entries: [(Node, Node)] = []
        if !filters.isEmpty { entries.append(("filters", Node(filters.map(Node.text), .implicit, .flow))) }
        entries.append(("upstream", .text(upstream)))
        if let idle { entries.append(("idle", .text(idle))) }
        return .flow(entries)
    }
}

extension GatewayDocument.Server {
    fileprivate var node: Node {
        var entries: [(Node, Node)] = []
        if let id { entries.append(("id", .text(id))) }
        if let cluster { entries.append(("cluster", .text(cluster))) }
        if let metadata { entries.append(("metadata", metadata)) }
        return Node(entries)
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
    fileprivate var node: Node { Node(entries) }

    fileprivate var entries: [(Node, Node)] {
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
        if allowOnHeadersStopIteration { entries.append(("allowOnHeadersStopIteration", "true")) }
        if headersChooseRoute { entries.append(("headersChooseRoute", "true")) }
        if !allowedCapabilities.isEmpty {
            entries.append(("allowedCapabilities", Node(allowedCapabilities.map(Node.text), .implicit, .flow)))
        }
        if let onFailure, let waits {
            var failing: [(Node, Node)] = [("policy", .text(onFailure)), ("wait", .text(waits.shortest))]
            if let longest = waits.longest { failing.append(("longestWait", .text(longest))) }
            entries.append(("onFailure", .flow(failing)))
        } else if let onFailure {
            entries.append(("onFailure", .text(onFailure)))
        }
        return entries
    }
}

extension GatewayDocument.Route {
    fileprivate var node: Node {
        var entries: [(Node, Node)] = [("match", .flow([(.text(match.rawValue), .text(path))]))]
        if let name { entries.append(("name", .text(name))) }
        if let virtualHost { entries.append(("virtualHost", .text(virtualHost))) }
        if !metadata.isEmpty { entries.append(("metadata", .spaces(metadata))) }
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

    fileprivate static func spaces(_ spaces: [GatewayDocument.Space]) -> Node {
        Node(spaces.map { (.text($0.name), $0.values) })
    }

    /// Text where the bytes are some, or else base64.
    fileprivate static func data(_ bytes: [UInt8]) -> Node {
        if let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains("\0") {
            return .text(text)
        }
        return .flow([("base64", .text(Data(bytes).base64EncodedString()))])
    }
}
