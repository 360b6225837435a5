import Airlock
import Foundation
import Yams

/// Turns the nodes of a configuration file into a ``GatewayConfiguration``.
struct ConfigurationReader {
    let folder: URL
    let log: MistakeLog

    /// `nil` when something that the rest depends on is missing; the log has the reasons.
    func read(_ root: Node) -> GatewayConfiguration? {
        let known = [
            "listen", "listeners", "node", "admin", "workers", "drain", "bounds", "canaryKey", "moduleCache",
            "releaseStore", "upstreams",
            "quotas", "policy", "plugins", "pluginFolder", "services", "routes", "externalProcessing",
        ]
        guard let top = SectionReader(root, path: "", known: known, log: log) else { return nil }
        let node = NodeReader(log: log).read(top)
        let admin = AdminReader(folder: folder, log: log).read(top)
        let workers = top.value("workers", "a number of threads from 1 to 256", default: 2) { number($0, in: 1...256) }
        let drain = duration(top, "drain", default: .seconds(30))
        let bounds = bounds(top)
        let canaryKey = CanaryKeyReader(log: log).read(top)
        let upstreams = upstreams(top)
        let cache = folder(top, "moduleCache")
        let store = folder(top, "releaseStore")
        let policies = FilterPolicies(folder: self.folder, log: log)
        let settings = FilterSettingsReader(
            quotas: QuotaReader(log: log).quotas(top), policies: policies, common: policies.policy(top),
            upstreams: upstreams.filter { $0.value?.kind != .tcp }.map(\.name), log: log)
        let (plugins, services) = plugins(top, settings)
        let (folder, found) = PluginFolderReader(folder: self.folder, settings: settings, log: log)
            .read(top, beside: plugins.map(\.name) + services.map(\.name))
        let names = RouteReader.Names(
            upstreams: upstreams.map { ($0.name, $0.value?.kind) }, plugins: plugins.map(\.name) + found)
        let reader = RouteReader(names: names, log: log)
        let processing = ExternalProcessingReader(folder: self.folder, routes: reader, log: log).read(top)
        // Where filters are for Envoys alone, no client need connect.
        let hasListeners =
            ["listen", "listeners", "routes"].contains(where: top.has) || !top.has("externalProcessing")
        let listeners = hasListeners ? ListenerReader(routes: reader, log: log).read(top) : []
        // Where each listener has its own, there need not be others.
        let areNeeded =
            top.has("routes") || (hasListeners && listeners.isEmpty)
            || listeners.contains { $0.routes == nil && $0.tcp == nil }
        let routes = areNeeded ? reader.routes(top) : []
        guard log.mistakes.isEmpty, let workers, let drain, let bounds, let canaryKey else {
            return nil
        }
        return GatewayConfiguration(
            listeners: listeners,
            node: node,
            admin: admin,
            workers: workers,
            drain: drain,
            bounds: bounds,
            canaryKey: canaryKey,
            moduleCache: cache,
            releaseStore: store,
            upstreams: Dictionary(upstreams.compactMap { name, value in value.map { (name, $0) } }) { first, _ in first
            },
            plugins: plugins.compactMap(\.value),
            pluginFolder: folder,
            services: services.compactMap(\.value),
            routes: routes,
            externalProcessing: processing
        )
    }

    private func bounds(_ top: SectionReader) -> RequestBounds? {
        var bounds = RequestBounds()
        guard let node = top.optional("bounds") else { return bounds }
        let known = ["body", "headerCount", "headerSize", "headersSize", "idle"]
        guard let section = SectionReader(node, path: "bounds", known: known, log: log) else { return nil }
        bounds.body = size(section, "body", default: bounds.body) ?? bounds.body
        bounds.headerCount =
            section.value("headerCount", "a number from 1 to 10000", default: bounds.headerCount) {
                number($0, in: 1...10_000)
            }
            ?? bounds.headerCount
        bounds.headerSize = size(section, "headerSize", default: bounds.headerSize) ?? bounds.headerSize
        bounds.headersSize = size(section, "headersSize", default: bounds.headersSize) ?? bounds.headersSize
        bounds.idle = duration(section, "idle", default: bounds.idle) ?? bounds.idle
        return bounds
    }

    private func upstreams(_ top: SectionReader) -> [(name: String, value: UpstreamConfiguration?)] {
        guard let node = top.optional("upstreams") else { return [] }
        guard case .mapping(let mapping) = node else {
            log.add(node, key: "upstreams", "expected a mapping from names to upstreams, found \(node.spoken)")
            return []
        }
        return mapping.compactMap { key, value in
            guard let name = key.string, !name.isEmpty else {
                log.add(key, key: "upstreams", "expected a name, found \(key.spoken)")
                return nil
            }
            return (name, upstream(value, path: "upstreams.\(name)"))
        }
    }

    private func upstream(_ node: Node, path: String) -> UpstreamConfiguration? {
        let known = ["url", "connectTimeout", "responseTimeout", "connections"]
        guard let section = SectionReader(node, path: path, known: known, log: log) else { return nil }
        let expected = "a URL such as http://127.0.0.1:9090, without query, fragment or user, or tcp://127.0.0.1:5432"
        var upstream = UpstreamConfiguration(url: "")
        let url = section.value("url", expected) {
            UpstreamURL($0)?.description ?? TCPUpstream.Address($0)?.description
        }
        guard let url else { return nil }
        upstream.url = url
        upstream.connectTimeout =
            duration(section, "connectTimeout", default: upstream.connectTimeout) ?? upstream.connectTimeout
        upstream.responseTimeout =
            duration(section, "responseTimeout", default: upstream.responseTimeout) ?? upstream.responseTimeout
        upstream.connections =
            section.value("connections", "a number from 1 to 65535", default: upstream.connections) {
                number($0, in: 1...65535)
            }
            ?? upstream.connections
        return upstream
    }

    private func folder(_ top: SectionReader, _ name: String) -> String? {
        guard top.has(name) else { return nil }
        return top.value(name, "a folder") { text in
            text.isEmpty ? nil : URL(fileURLWithPath: text, relativeTo: folder).standardizedFileURL.path
        }
    }

    private typealias Named<Value> = (name: String, value: Value?)

    /// `plugins` and `services`, which have no name in common.
    private func plugins(
        _ top: SectionReader, _ settings: FilterSettingsReader
    ) -> ([Named<PluginConfiguration>], [Named<ServiceConfiguration>]) {
        var names: Set<String> = []
        func check(_ name: String, _ node: Node, _ path: String) {
            if !names.insert(name).inserted {
                log.add(node, key: "\(path).name", "expected a name of its own, found \"\(name)\" a second time")
            }
        }
        let reader = PluginReader(folder: folder, settings: settings, log: log)
        let plugins: [Named<PluginConfiguration>] = top.list("plugins", "a list of plugins").compactMap { node, path in
            guard let (name, plugin) = reader.read(node, path: path) else { return nil }
            check(name, node, path)
            return (name, plugin)
        }
        let services: [Named<ServiceConfiguration>] = top.list("services", "a list of plugins").compactMap {
            node, path in
            guard let (name, service) = reader.service(node, path: path) else { return nil }
            check(name, node, path)
            return (name, service)
        }
        return (plugins, services)
    }

    private func size(_ section: SectionReader, _ name: String, default fallback: Int) -> Int? {
        section.value(name, "a size such as 64KiB or 16MiB", default: fallback) { text in
            ScalarFormats.bytes(text).flatMap { $0 > 0 ? $0 : nil }
        }
    }

    private func duration(_ section: SectionReader, _ name: String, default fallback: Duration) -> Duration? {
        section.value(name, "a duration such as 50ms, 2s or 1m", default: fallback) { text in
            ScalarFormats.duration(text).flatMap { $0 > .zero ? $0 : nil }
        }
    }

    private func number(_ text: String, in range: ClosedRange<Int>) -> Int? {
        Int(text).flatMap { range.contains($0) ? $0 : nil }
    }
}
