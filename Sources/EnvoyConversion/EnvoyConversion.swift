import Yams

/// The configuration of a gateway, made from an Envoy bootstrap: its listeners, routes, clusters and Proxy-Wasm filters.
///
///     let conversion = try EnvoyConversion(bootstrap: text)
///     print(conversion.yaml)
///
/// Every key of the bootstrap is either expressed in ``yaml``, or in ``unexpressed``, or, where it changes nothing of what becomes of
/// requests, in ``notes``.
public struct EnvoyConversion: Sendable {
    /// What is to be said of one key of the bootstrap.
    public struct Remark: Sendable, Hashable, CustomStringConvertible {
        /// The line, from 1, where it is known.
        public let line: Int?
        /// Where the key is, such as `static_resources.listeners[0].filter_chains[0]`. On one line, without control characters.
        public let path: String
        /// What is to be known of it. On one line, without control characters.
        public let message: String

        /// `path: message (line 3)`.
        public var description: String { "\(path): \(message)" + (line.map { " (line \($0))" } ?? "") }
    }

    /// The gateway's configuration, with the remarks as comments at its end.
    public let yaml: String
    /// What the bootstrap says and the configuration does not, in the order of the bootstrap.
    public let unexpressed: [Remark]
    /// What was left out since it changes nothing, and what is only similar.
    public let notes: [Remark]

    /// The most bytes that a bootstrap may have.
    public static let mostBytes = 16 << 20

    /// Converts a bootstrap in YAML or JSON.
    ///
    /// - Throws: ``EnvoyConversionError`` where it is no bootstrap with a listener that the gateway could have.
    public init(bootstrap text: String) throws(EnvoyConversionError) {
        let root = try BootstrapDocument.compose(text)
        let ledger = Ledger()
        let input = Input(root, path: "", ledger: ledger)
        let document = BootstrapReader(input: input).read()
        ledger.close(input)
        guard let first = document.listeners.first else {
            let reasons = ledger.unexpressed.filter { $0.path.contains("listeners") || $0.path.contains("clusters") }
                .map { "\n\($0)" }.joined()
            throw EnvoyConversionError(
                "expected a static listener with an http_connection_manager or a tcp_proxy and the address of a socket, "
                    + "found none" + reasons)
        }
        unexpressed = ledger.unexpressed
        notes = ledger.notes
        do {
            yaml = try document.yaml(first: first) + Self.comments(unexpressed: unexpressed, notes: notes)
        } catch {
            throw EnvoyConversionError("cannot be written as YAML: \(OneLine.text("\(error)"))")
        }
    }

    private static func comments(unexpressed: [Remark], notes: [Remark]) -> String {
        var lines: [String] = []
        if !unexpressed.isEmpty {
            lines += ["", "# Not expressed:"] + unexpressed.map { "# - \($0)" }
        }
        if !notes.isEmpty {
            lines += ["", "# Notes:"] + notes.map { "# - \($0)" }
        }
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
