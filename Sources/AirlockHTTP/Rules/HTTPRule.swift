public import Airlock

/// Requests that a plugin may make: methods at one origin, or at one origin of many hosts.
///
///     try HTTPRule("https://api.example.com", methods: ["GET", "POST"])
///     try HTTPRule("https://*.example.com:8443")          // GET and HEAD, on every name below example.com, not on example.com itself
///     try HTTPRule(text: "GET,POST https://api.example.com")
public struct HTTPRule: Sendable, Hashable, CustomStringConvertible {
    /// How requests travel.
    public enum Scheme: String, Sendable, Hashable, CustomStringConvertible {
        /// Plain text.
        case http
        /// Over TLS, with the server's certificate checked for the host name.
        case https

        var defaultPort: UInt16 { self == .http ? 80 : 443 }
        public var description: String { rawValue }
    }

    /// The scheme.
    public let scheme: Scheme
    let host: HostPattern
    /// The port.
    public let port: UInt16
    /// The methods, as they are written in requests; nil for every method. `CONNECT` and `TRACE` are never sent.
    ///
    /// It is the method of the request's first line. A server that heeds `X-HTTP-Method-Override` or the like in a header or a form does
    /// with a `POST` whatever such a header says: do not rely on methods there.
    public let methods: Set<String>?

    init(scheme: Scheme, host: HostPattern, port: UInt16, methods: Set<String>?) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.methods = methods
    }

    /// Makes a rule.
    /// - Parameters:
    ///   - origin: scheme, host and port. The host is a name, an address, or `*.` and a name for all names below it; the port is the
    ///     scheme's usual one where none is given.
    ///   - methods: the methods, or nil for every method.
    /// - Throws: ``PluginError/Code/configuration`` where the origin or a method cannot be understood.
    public init(_ origin: String, methods: Set<String>? = ["GET", "HEAD"]) throws(PluginError) {
        do throws(URLRefusal) {
            guard let scheme = Scheme(rawValue: String(origin.prefix { $0 != ":" }).lowercased()),
                origin.dropFirst(scheme.rawValue.utf8.count).hasPrefix("://")
            else { throw URLRefusal(part: "scheme", reason: "is neither 'http://' nor 'https://'") }
            let authority = try Authority(origin.dropFirst(scheme.rawValue.utf8.count + 3))
            self.init(
                scheme: scheme,
                host: try HostPattern(authority.host),
                port: authority.port ?? scheme.defaultPort,
                methods: methods
            )
        } catch {
            throw PluginError(
                .configuration,
                message:
                    "'\(origin)' is no origin such as https://api.example.com:8443: its \(error.part) \(error.reason)"
            )
        }
        for method in methods ?? [] where !RequestMethod.isSendable(method) {
            throw PluginError(.configuration, message: "'\(method)' is no method that a rule for \(origin) can allow")
        }
    }

    /// Reads a rule as policies and manifests write it: methods with commas between them, a space, and the origin; every method where only
    /// the origin is given.
    /// - Throws: ``PluginError/Code/configuration`` where it cannot be understood.
    public init(text: String) throws(PluginError) {
        let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            try self.init(text, methods: nil)
            return
        }
        try self.init(
            parts[1], methods: Set(parts[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)))
    }

    func permits(method: String) -> Bool { methods?.contains(method) ?? true }

    /// The requests that both rules allow; nil where there are none.
    public func intersection(_ other: HTTPRule) -> HTTPRule? {
        guard scheme == other.scheme, port == other.port, let host = host.intersection(other.host) else { return nil }
        return HTTPRule(scheme: scheme, host: host, port: port, methods: methods).limited(to: other.methods)
    }

    /// The requests with one of the methods; nil where there are none.
    func limited(to some: Set<String>?) -> HTTPRule? {
        guard let some else { return self }
        let both = methods?.intersection(some) ?? some
        return both.isEmpty ? nil : HTTPRule(scheme: scheme, host: host, port: port, methods: both)
    }

    public var description: String {
        let origin = port == scheme.defaultPort ? "\(scheme)://\(host)" : "\(scheme)://\(host):\(port)"
        return methods.map { "\($0.sorted().joined(separator: ",")) \(origin)" } ?? origin
    }
}
