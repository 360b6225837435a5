import Airlock

extension [HTTPRule] {
    /// Checks a request, or one hop of it, against the rules.
    /// - Throws: ``HostError/Kind/denied``, naming the part of the URL that no rule has.
    func check(_ method: String, _ url: EgressURL) throws(HostError) {
        let hosts = filter { $0.host.matches(url.host) }
        let schemes = hosts.filter { $0.scheme == url.scheme }
        let ports = schemes.filter { $0.port == url.port }
        guard !ports.contains(where: { $0.permits(method: method) }) else { return }
        let part =
            if hosts.isEmpty { "host '\(url.host)'" } else if schemes.isEmpty {
                "scheme '\(url.scheme)' for the host '\(url.host)'"
            } else if ports.isEmpty { "port \(url.port) for \(url.scheme)://\(url.host)" } else {
                "method '\(method)' for \(url.origin)"
            }
        throw HostError(
            .denied, "\(method) \(url.origin) is not allowed: no rule has the \(part); the rules are \(summary)")
    }

    /// The rules in one line, or how many there are behind the first ones.
    var summary: String {
        guard !isEmpty else { return "none" }
        let first = prefix(8).map(\.description).joined(separator: "; ")
        return count > 8 ? "\(first); and \(count - 8) more" : first
    }
}
