extension UpstreamConfiguration {
    /// What an upstream speaks.
    enum Kind {
        case http
        case tcp

        /// A URL of one.
        var example: String {
            switch self {
            case .http: "http://127.0.0.1:9090"
            case .tcp: "tcp://127.0.0.1:5432"
            }
        }
    }

    /// By its URL.
    var kind: Kind { TCPUpstream.Address(url) == nil ? .http : .tcp }
}
