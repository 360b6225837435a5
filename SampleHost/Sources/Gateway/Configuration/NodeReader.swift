import AirlockProxyWasm

/// Reads `node`: what filters are told of this gateway.
struct NodeReader {
    let log: MistakeLog

    /// `nil` without `node`, and, with the mistakes logged, when it cannot be used.
    func read(_ top: SectionReader) -> ProxyNode? {
        guard let node = top.optional("node"),
            let section = SectionReader(node, path: "node", known: ["id", "cluster", "metadata"], log: log)
        else { return nil }
        let id = section.value("id", "text", default: "") { $0 }
        let cluster = section.value("cluster", "text", default: "") { $0 }
        let metadata = MetadataReader(log: log).values(section, "metadata")
        guard let id, let cluster else { return nil }
        return ProxyNode(id: id, cluster: cluster, metadata: metadata)
    }
}
