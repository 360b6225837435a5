import HummingbirdCore
import NIOCore
import Synchronization

/// A connection that was accepted and that nobody answers yet.
///
/// A server that ends drops connections that it accepted at that moment. An asynchronous channel that is dropped without being run ends the
/// process, so that one that nobody took is run once, and thereby closed.
final class AcceptedConnection<Inbound: Sendable, Outbound: Sendable>: ServerChildChannelValue {
    private let connection: NIOAsyncChannel<Inbound, Outbound>
    private let isTaken = Atomic(false)

    var channel: any Channel { connection.channel }

    /// Call it on the channel's event loop.
    init(_ channel: any Channel) throws {
        connection = try NIOAsyncChannel(
            wrappingChannelSynchronously: channel,
            configuration: .init(isOutboundHalfClosureEnabled: true)
        )
    }

    /// Whoever takes it runs it.
    func take() -> NIOAsyncChannel<Inbound, Outbound> {
        isTaken.store(true, ordering: .relaxed)
        return connection
    }

    deinit {
        guard !isTaken.load(ordering: .relaxed) else { return }
        Task { [connection] in try? await connection.executeThenClose { _, _ in } }
    }
}
