import AirlockProxyWasm
import Yams

/// Reads where clients connect: `listen`, one address, or `listeners`.
struct ListenerReader {
    let routes: RouteReader
    let log: MistakeLog

    /// Empty, with the mistakes logged, where there is none that can be used.
    func read(_ top: SectionReader) -> [ListenerConfiguration] {
        guard let node = top.optional("listeners") else {
            return address(top, "listen").map { [ListenerConfiguration(address: $0)] } ?? []
        }
        if let short = top.optional("listen") {
            log.add(short, key: "listen", "expected either listen or listeners, found both")
        }
        let entries = top.list("listeners", "a list of listeners")
        if case .sequence = node, entries.isEmpty {
            log.add(node, key: "listeners", "expected at least one listener, found an empty list")
        }
        return entries.compactMap(listener)
    }

    private func listener(_ node: Node, path: String) -> ListenerConfiguration? {
        let known = ["address", "direction", "metadata", "dynamicMetadata", "paths", "routes", "tcp"]
        guard let section = SectionReader(node, path: path, known: known, log: log) else { return nil }
        let address = address(section, "address")
        let direction = section.value(
            "direction", "inbound or outbound", default: StreamAttributes.Place.Direction.unspecified
        ) { ["inbound": .inbound, "outbound": .outbound][$0] }
        let metadata = MetadataReader(log: log)
        let own = metadata.metadata(section, "metadata")
        let dynamic = metadata.metadata(section, "dynamicMetadata")
        let paths = paths(section)
        let routes = section.has("routes") ? self.routes.routes(section) : nil
        let tcp = tcp(section)
        if section.has("routes"), section.has("tcp") {
            log.add(section.node, key: section.path, "expected either routes or tcp, found both")
        }
        guard let address, let direction, let paths else { return nil }
        return ListenerConfiguration(
            address: address, direction: direction, metadata: own, dynamicMetadata: dynamic, paths: paths,
            routes: routes, tcp: tcp)
    }

    private func paths(_ listener: SectionReader) -> PathForm? {
        guard let node = listener.optional("paths") else { return PathForm() }
        let known = ["normalize", "mergeSlashes", "escapedSlashes"]
        guard let section = SectionReader(node, path: listener.key("paths"), known: known, log: log) else { return nil }
        let escaped = section.value("escapedSlashes", "keep or refuse", default: false) {
            ["keep": false, "refuse": true][$0]
        }
        guard let isNormalized = section.flag("normalize"), let merges = section.flag("mergeSlashes"), let escaped
        else { return nil }
        return PathForm(isNormalized: isNormalized, mergesSlashes: merges, refusesEscapedSlashes: escaped)
    }

    private func tcp(_ listener: SectionReader) -> TCPForwarding? {
        guard let node = listener.optional("tcp") else { return nil }
        // With a mistake in it, which is in the log, it is a listener of TCP all the same.
        let unread = TCPForwarding(upstream: "")
        let known = ["filters", "upstream", "idle"]
        guard let section = SectionReader(node, path: listener.key("tcp"), known: known, log: log) else {
            return unread
        }
        let filters = routes.filters(section)
        let upstream = routes.upstream(section, .tcp)
        let idle = section.value(
            "idle", "a duration such as 30s, 5m or 2h, up to 720h", default: unread.idle
        ) { text in
            ScalarFormats.duration(text).flatMap { $0 > .zero && $0 <= .seconds(720 * 3600) ? $0 : nil }
        }
        guard let upstream, let idle else { return unread }
        return TCPForwarding(filters: filters, upstream: upstream, idle: idle)
    }

    private func address(_ section: SectionReader, _ name: String) -> ListenAddress? {
        section.value(name, "an address such as 127.0.0.1:8080 with a port from 0 to 65535") { ListenAddress($0) }
    }
}
