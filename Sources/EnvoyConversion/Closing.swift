/// Closes what would let through more than Envoy does, since something that is about it is not expressed.
struct Closing {
    /// Where the things are that can be closed: listeners, virtual hosts, routes, clusters.
    private let owners: Set<String>

    init(_ document: GatewayDocument) {
        var owners = Set(document.listeners.map(\.place) + document.upstreams.map(\.place))
        for route in document.listeners.flatMap(\.routes) { owners.formUnion([route.place, route.host]) }
        self.owners = owners
    }

    /// Marks the gaps that let through more, and returns what they are about: for each the smallest thing that it is in.
    func mark(_ ledger: Ledger) -> Set<String> {
        var found: Set<String> = []
        ledger.markWeakening { path in
            guard let owner = owner(of: path) else { return false }
            found.insert(owner)
            return true
        }
        return found
    }

    private func owner(of path: String) -> String? {
        var path = path[...]
        while !path.isEmpty {
            if owners.contains(String(path)) { return String(path) }
            guard let end = path.utf8.lastIndex(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "[") })
            else { return nil }
            path = path[..<end]
        }
        return nil
    }

    /// Lets the routes in `places` answer 501, and leaves out the listeners of connections and the clusters there, with what leads to them.
    static func close(_ places: Set<String>, in document: inout GatewayDocument) -> EnvoyConversion.Closed {
        var closed = EnvoyConversion.Closed()
        let clusters = Set(document.upstreams.filter { places.contains($0.place) }.map(\.name))
        closed.clusters = clusters.count
        document.upstreams.removeAll { clusters.contains($0.name) }
        let listeners = document.listeners.count
        document.listeners.removeAll { listener in
            guard let tcp = listener.tcp else { return false }
            return places.contains(listener.place) || clusters.contains(tcp.upstream)
        }
        closed.listeners = listeners - document.listeners.count
        for index in document.listeners.indices where document.listeners[index].tcp == nil {
            let isClosed = places.contains(document.listeners[index].place)
            for route in document.listeners[index].routes.indices {
                let found = document.listeners[index].routes[route]
                let leadsThere = found.action.upstream.map(clusters.contains) ?? false
                guard isClosed || leadsThere || places.contains(found.place) || places.contains(found.host) else {
                    continue
                }
                document.listeners[index].routes[route].close()
            }
            if isClosed, document.listeners[index].routes.isEmpty { document.listeners[index].routes = [.everything] }
        }
        return closed
    }
}

extension GatewayDocument.Route {
    /// Filters are left out, too: they may be what is not expressed.
    fileprivate mutating func close() {
        filters = []
        action = .respond(status: 501, body: "")
        isClosed = true
    }

    fileprivate static var everything: Self {
        var route = Self(match: .prefix, path: "/", action: .respond(status: 501, body: ""))
        route.isClosed = true
        return route
    }
}
