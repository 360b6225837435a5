import Yams

/// The configuration of a gateway, made from an Envoy bootstrap: its listeners, routes, clusters and Proxy-Wasm filters.
///
///     let conversion = try EnvoyConversion(bootstrap: text)
///     print(conversion.yaml)
///
/// Every key of the bootstrap is either expressed in ``yaml``, or in ``unexpressed``, or, where it changes nothing of what becomes of
/// requests, in ``notes``. What the gateway would let through and Envoy refuses, since a key is not expressed, is closed: routes answer 501,
/// listeners of connections and clusters are left out. A key that is not known here is taken for one that decides about access.
public struct EnvoyConversion: Sendable {
    /// What is to be said of one key of the bootstrap.
    public struct Remark: Sendable, Hashable, CustomStringConvertible {
        /// The line, from 1, where it is known.
        public let line: Int?
        /// Where the key is, such as `static_resources.listeners[0].filter_chains[0]`. On one line, without control characters.
        public let path: String
        /// What is to be known of it. On one line, without control characters.
        public let message: String
        /// Whether the gateway would let through more than Envoy without it, so that what it is about is closed unless gaps are allowed.
        public internal(set) var weakens = false

        /// `path: message (line 3)`.
        public var description: String { "\(path): \(message)" + (line.map { " (line \($0))" } ?? "") }
    }

    /// How much of a configuration is closed for what is not expressed.
    public struct Closed: Sendable, Hashable, CustomStringConvertible {
        /// Routes that answer 501.
        public internal(set) var routes = 0
        /// Listeners of connections that are left out.
        public internal(set) var listeners = 0
        /// Clusters that are left out; what leads to them is among the routes and listeners.
        public internal(set) var clusters = 0

        /// Whether nothing is closed.
        public var isEmpty: Bool { self == Closed() }

        /// `2 routes answer 501, 1 listener is left out`, or `nothing`.
        public var description: String {
            var parts: [String] = []
            if routes > 0 { parts.append(routes == 1 ? "1 route answers 501" : "\(routes) routes answer 501") }
            for (count, name) in [(listeners, "listener"), (clusters, "cluster")] where count > 0 {
                parts.append(count == 1 ? "1 \(name) is left out" : "\(count) \(name)s are left out")
            }
            return parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
        }
    }

    /// The gateway's configuration, with the remarks as comments at its end.
    public let yaml: String
    /// What the bootstrap says and the configuration does not, in the order of the bootstrap.
    public let unexpressed: [Remark]
    /// What was left out since it changes nothing, and what is only similar.
    public let notes: [Remark]
    /// What is closed. Routes that answer 501 since they do what the gateway cannot do are among it also where gaps are allowed.
    public let closed: Closed

    /// The most bytes that a bootstrap may have.
    public static let mostBytes = 16 << 20

    /// Converts a bootstrap in YAML or JSON.
    ///
    /// - Parameter allowingGaps: writes routes, listeners and clusters also where the gateway would let through more than Envoy; those of
    ///   ``unexpressed`` that ``Remark/weakens`` say why.
    /// - Throws: ``EnvoyConversionError`` where it is no bootstrap with a listener that the gateway could have.
    public init(bootstrap text: String, allowingGaps: Bool = false) throws(EnvoyConversionError) {
        let root = try BootstrapDocument.compose(text)
        let ledger = Ledger()
        let input = Input(root, path: "", ledger: ledger)
        let reader = BootstrapReader(input: input, allowsGaps: allowingGaps)
        var document = reader.read()
        ledger.list(input)
        let weaker = Closing(document).mark(ledger)
        var closed = allowingGaps ? Closed() : Closing.close(weaker, in: &document)
        reader.separateUpstreams(of: &document)
        ledger.sort()
        closed.routes = document.listeners.reduce(0) { $0 + $1.routes.count(where: \.isClosed) }
        self.closed = closed
        guard let first = document.listeners.first else {
            let reasons = ledger.unexpressed.filter { $0.path.contains("listeners") || $0.path.contains("clusters") }
                .map { "\n\($0)" }.joined()
            throw EnvoyConversionError(
                "expected a static listener with an http_connection_manager or a tcp_proxy and the address of a socket, "
                    + "found none" + reasons)
        }
        unexpressed = ledger.unexpressed
        notes = ledger.notes
        let isWeaker = allowingGaps ? "weaker than Envoy for it" : "closed for it (\(closed))"
        do {
            yaml = try document.yaml(first: first) + Self.comments(unexpressed, isWeaker: isWeaker, notes: notes)
        } catch {
            throw EnvoyConversionError("cannot be written as YAML: \(OneLine.text("\(error)"))")
        }
    }

    private static func comments(_ unexpressed: [Remark], isWeaker: String, notes: [Remark]) -> String {
        let parts = [
            ("Not expressed, and \(isWeaker)", unexpressed.filter(\.weakens)),
            ("Not expressed", unexpressed.filter { !$0.weakens }),
            ("Notes", notes),
        ]
        let lines = parts.filter { !$0.1.isEmpty }.flatMap { ["", "# \($0.0):"] + $0.1.map { "# - \($0)" } }
        return lines.map { "\($0)\n" }.joined()
    }
}

/// Why a bootstrap cannot be converted.
public struct EnvoyConversionError: Error, Sendable, CustomStringConvertible {
    /// What was expected and what came.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
