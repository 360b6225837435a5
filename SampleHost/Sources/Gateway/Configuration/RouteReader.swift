import Yams

/// Reads `routes` and checks that they refer to upstreams and plugins that exist.
struct RouteReader {
    /// The names that routes may refer to.
    struct Names {
        let upstreams: [(name: String, kind: UpstreamConfiguration.Kind?)]
        let plugins: [String]
    }

    let names: Names
    let log: MistakeLog

    func routes(_ section: SectionReader) -> [RouteConfiguration] {
        guard section.required("routes", "a list with at least one route") != nil else { return [] }
        let entries = section.list("routes", "a list of routes")
        if entries.isEmpty, let node = section.optional("routes"), node.sequence != nil {
            log.add(node, key: section.key("routes"), "expected at least one route, found an empty list")
        }
        return entries.compactMap(route)
    }

    private func route(_ node: Node, path: String) -> RouteConfiguration? {
        let known = ["match", "name", "virtualHost", "metadata", "respond", "filters", "upstream"]
        guard let section = SectionReader(node, path: path, known: known, log: log) else { return nil }
        let match = match(section)
        let action = action(section)
        let metadata = MetadataReader(log: log).metadata(section, "metadata")
        let name = text(section, "name")
        let host = text(section, "virtualHost")
        guard let match, let action else { return nil }
        return RouteConfiguration(match: match, action: action, name: name, virtualHost: host, metadata: metadata)
    }

    /// What filters are told, if it is there.
    private func text(_ section: SectionReader, _ name: String) -> String? {
        section.has(name) ? section.value(name, "text", parse: { $0 }) : nil
    }

    private func match(_ section: SectionReader) -> RouteMatch? {
        let kinds = ["prefix", "startsWith", "path"]
        guard let node = section.required("match", "{ prefix: /path }, { startsWith: /path } or { path: /path }"),
            let match = SectionReader(node, path: section.key("match"), known: kinds, log: log)
        else { return nil }
        let given = kinds.filter(match.has)
        guard given.count < 2 else {
            log.add(
                node, key: match.path,
                "expected one of \(kinds.joined(separator: ", ")), found \(given.joined(separator: " and "))")
            return nil
        }
        let expected = "a path that begins with /, without query"
        switch given.first {
        case "startsWith": return match.value("startsWith", expected) { PathText($0).map(RouteMatch.startsWith) }
        case "path": return match.value("path", expected) { PathText($0).map(RouteMatch.path) }
        default: return match.value("prefix", expected) { PathPrefix($0).map(RouteMatch.prefix) }
        }
    }

    private func action(_ section: SectionReader) -> RouteConfiguration.Action? {
        switch (section.has("respond"), section.has("upstream")) {
        case (true, true):
            log.add(section.node, key: section.path, "expected either respond or upstream, found both")
            return nil
        case (false, false):
            log.add(section.node, key: section.path, "expected respond or upstream, found neither")
            return nil
        case (true, false):
            return respond(section)
        case (false, true):
            let filters = filters(section)
            guard let upstream = upstream(section, .http) else { return nil }
            return .forward(filters: filters, upstream: upstream)
        }
    }

    private func respond(_ section: SectionReader) -> RouteConfiguration.Action? {
        guard let node = section.optional("respond"),
            let respond = SectionReader(node, path: section.key("respond"), known: ["status", "body"], log: log)
        else { return nil }
        let status = respond.value("status", "an HTTP status from 200 to 599") { text in
            Int(text).flatMap { (200...599).contains($0) ? $0 : nil }
        }
        let body = respond.value("body", "text", default: "") { $0 }
        let filters = filters(section)
        guard let status, let body else { return nil }
        return filters.isEmpty
            ? .respond(status: status, body: body)
            : .filteredRespond(filters: filters, status: status, body: body)
    }

    /// The name of an upstream of that kind. One whose URL is a mistake passes for either.
    func upstream(_ section: SectionReader, _ kind: UpstreamConfiguration.Kind) -> String? {
        guard let name = section.value("upstream", "the name of an upstream", parse: { $0 }),
            let node = section.optional("upstream")
        else { return nil }
        let key = section.key("upstream")
        if let other = names.upstreams.first(where: { $0.name == name })?.kind, other != kind {
            log.add(node, key: key, "expected an upstream with a URL such as \(kind.example), found \"\(name)\"")
            return nil
        }
        let known = names.upstreams.filter { ($0.kind ?? kind) == kind }.map(\.name)
        return check(name, node, key: key, kind: "upstream", among: known)
    }

    /// The names of the filters that a section has under a key, as far as there are such.
    func filters(_ section: SectionReader, _ key: String = "filters") -> [String] {
        section.list(key, "a list of plugin names").compactMap { node, path in
            guard let name = node.scalar?.string else {
                log.add(node, key: path, "expected the name of a plugin, found \(node.spoken)")
                return nil
            }
            return check(name, node, key: path, kind: "plugin", among: names.plugins)
        }
    }

    private func check(_ name: String, _ node: Node, key: String, kind: String, among known: [String]) -> String? {
        if known.contains(name) { return name }
        let defined = known.isEmpty ? "none is defined" : "defined: \(known.joined(separator: ", "))"
        let suggestion = Suggestion.phrase(for: name, among: known)
        log.add(node, key: key, "expected the name of a defined \(kind), found \"\(name)\"\(suggestion); \(defined)")
        return nil
    }
}
