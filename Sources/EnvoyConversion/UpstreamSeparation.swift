/// An upstream of the gateway is for requests or for connections, where a cluster can be for both.
struct UpstreamSeparation {
    /// The clusters by their places.
    let clusters: [String: Input]

    func apply(to document: inout GatewayDocument) {
        let ofRequests = Set(document.listeners.flatMap(\.routes).compactMap(\.action.upstream))
        for name in Set(document.listeners.compactMap(\.tcp?.upstream)).sorted() {
            guard let index = document.upstreams.firstIndex(where: { $0.name == name }),
                let cluster = clusters[document.upstreams[index].place]
            else { continue }
            guard var upstream = forConnections(document.upstreams[index], cluster) else {
                document.listeners.removeAll { $0.tcp?.upstream == name }
                continue
            }
            guard ofRequests.contains(name) else {
                cluster.ledger.note(cluster.node, cluster.path, "for connections alone: filters cannot call it")
                document.upstreams[index] = upstream
                continue
            }
            repeat { upstream.name += "-tcp" } while document.upstreams.contains { $0.name == upstream.name }
            gap(cluster, "for connections it is \"\(upstream.name)\" here, also as cluster_name, not \"\(name)\"")
            document.upstreams.append(upstream)
            for index in document.listeners.indices where document.listeners[index].tcp?.upstream == name {
                document.listeners[index].tcp?.upstream = upstream.name
            }
        }
    }

    /// Nil, with a gap, where there is none such.
    private func forConnections(_ upstream: GatewayDocument.Upstream, _ cluster: Input) -> GatewayDocument.Upstream? {
        let plain = "http://"
        guard upstream.url.hasPrefix(plain) else {
            gap(cluster, "listeners of connections to it are left out: the gateway forwards those without TLS")
            return nil
        }
        var upstream = upstream
        upstream.url = "tcp://" + upstream.url.dropFirst(plain.count)
        if upstream.connections.take() != nil {
            gap(cluster, "circuit_breakers: the gateway does not bound the connections that it forwards")
        }
        return upstream
    }

    /// What else is in the cluster stays accounted for by itself.
    private func gap(_ cluster: Input, _ message: String) {
        cluster.ledger.gap(cluster.node, cluster.path, message, .differs)
    }
}
