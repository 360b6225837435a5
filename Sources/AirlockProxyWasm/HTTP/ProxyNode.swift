/// What the server says of itself; filters read it as `node.*` and `xds.node.*`, also while they are configured.
public struct ProxyNode: Sendable, Hashable {
    /// The server's name, unique among those that are alike (`node.id`).
    public var id: String
    /// The name of the group of servers that it belongs to (`node.cluster`).
    public var cluster: String
    /// What else is known of it (`node.metadata.<key>`).
    public var metadata: [String: MetadataValue]

    /// Describes a server.
    public init(id: String, cluster: String = "", metadata: [String: MetadataValue] = [:]) {
        self.id = id
        self.cluster = cluster
        self.metadata = metadata
    }

    /// What a property with that path gives, under the old name or the one of today; nil where it is not about the node.
    func property(_ path: PropertyPath) -> [UInt8]? {
        let segments = path.segments.first == "xds" ? path.segments.dropFirst() : path.segments[...]
        guard segments.first == "node" else { return nil }
        let rest = segments.dropFirst()
        switch (rest.first, rest.count) {
        case ("id", 1): return PropertyValue.text(id)
        case ("cluster", 1): return PropertyValue.text(cluster)
        case ("metadata", _): return MetadataValue.map(metadata).property(rest.dropFirst())
        default: return nil
        }
    }
}
