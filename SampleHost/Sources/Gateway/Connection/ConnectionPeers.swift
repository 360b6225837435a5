import AirlockProxyWasm
import NIOCore
import Synchronization

/// Who is at the two ends of a connection, and its number.
struct ConnectionPeers: Sendable {
    /// Counts up from 1.
    let connectionID: UInt64
    /// `nil` for what has no IP address.
    let client: StreamAttributes.Endpoint?
    let server: StreamAttributes.Endpoint?

    private static let connections = Atomic<UInt64>(0)

    init(_ channel: any Channel) {
        connectionID = Self.connections.add(1, ordering: .relaxed).newValue
        client = StreamAttributes.Endpoint(channel.remoteAddress)
        server = StreamAttributes.Endpoint(channel.localAddress)
    }
}

extension StreamAttributes.Endpoint {
    /// `nil` for what is not an IP address.
    init?(_ address: SocketAddress?) {
        guard let ip = address?.ipAddress, let port = address?.port else { return nil }
        self.init(address: ip, port: port)
    }
}
