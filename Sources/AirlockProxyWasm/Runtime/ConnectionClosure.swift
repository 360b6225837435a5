/// Why a connection does not go on.
public struct ConnectionClosure: Error, Sendable, Hashable, CustomStringConvertible {
    /// `closed_by_filter`; `filter_failed` and `filter_unloaded`, where its failure policy does not let connections through without it;
    /// `pause_deadline` and `buffer_limit`, where a filter held back something for too long or too much of it; `client_went_away`,
    /// `upstream_went_away`, `drain_deadline`, `shutting_down`, `stream_out_of_order`, `stream_closed`.
    public let details: String

    public var description: String { "the connection was closed: \(details)" }

    init(details: String) {
        self.details = details
    }

    /// What calls after the end of a connection get.
    static let streamClosed = ConnectionClosure(details: "stream_closed")
}

/// Which side closed a connection (Proxy-Wasm 0.2.1, "proxy_peer_type_t").
public enum ConnectionPeer: UInt32, Sendable {
    /// It is not known.
    case unknown = 0
    /// The server.
    case local = 1
    /// The client.
    case remote = 2
}
