import NIOCore
import Synchronization

/// Who is at the two ends of a connection, and its number.
struct ConnectionPeers: Sendable {
    /// Counts up from 1.
    let connectionID: UInt64
    let client: SocketAddress?
    let server: SocketAddress?

    private static let connections = Atomic<UInt64>(0)

    init(_ channel: any Channel) {
        connectionID = Self.connections.add(1, ordering: .relaxed).newValue
        client = channel.remoteAddress
        server = channel.localAddress
    }
}
