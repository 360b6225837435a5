import AirlockProxyWasm
import GRPCCore

extension GRPCCore.Metadata {
    /// What a filter sends first, without what the protocol and the connection decide, and with the call's time.
    init(_ call: GRPCCallOut) {
        self.init()
        if let timeout = call.timeout { addString(timeout.grpcTimeout, forKey: "grpc-timeout") }
        for (name, value) in call.metadata where !Self.isReserved(name) { addString(value, forKey: name) }
    }

    private static let reserved: Set<String> = ["content-type", "content-length", "host", "user-agent"]

    private static func isReserved(_ name: String) -> Bool {
        name.hasPrefix(":") || name.hasPrefix("grpc-") || reserved.contains(name) || HopByHop.isKnown(name)
    }
}

extension HeaderMap {
    /// Metadata as it was on the wire.
    init(_ metadata: GRPCCore.Metadata) {
        self.init()
        for (name, value) in metadata { append(name: name, value: value.encoded()) }
    }
}

extension GRPCCallOutEnd {
    /// The end that an upstream sent. Filters find the status among the trailing metadata, as in Envoy.
    init(_ status: Status, _ metadata: GRPCCore.Metadata) {
        self.init(code: status.code.rawValue, message: status.message, metadata)
    }

    /// The end of a call that the transport gave up.
    init(_ error: RPCError) {
        self.init(code: error.code.rawValue, message: error.message, error.metadata)
    }

    private init(code: Int, message: String, _ metadata: GRPCCore.Metadata) {
        var trailers = HeaderMap([(name: "grpc-status", value: String(code))])
        if !message.isEmpty { trailers.append(name: "grpc-message", value: message) }
        for (name, value) in metadata { trailers.append(name: name, value: value.encoded()) }
        self.init(status: UInt32(clamping: code), message: message, trailingMetadata: trailers)
    }
}

extension Duration {
    /// As the protocol has it: a number of at most eight digits, here of milliseconds.
    fileprivate var grpcTimeout: String {
        let milliseconds = Int64((self / .milliseconds(1)).rounded(.up))
        return "\(min(max(milliseconds, 1), 99_999_999))m"
    }
}
