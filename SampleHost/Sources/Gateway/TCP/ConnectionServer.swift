import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Takes the connections of a TCP listener. When it drains it takes no more, and those that there are go on.
struct ConnectionServer: Service {
    let address: ListenAddress
    let eventLoops: MultiThreadedEventLoopGroup
    let forwarding: ConnectionForwarding
    /// Told that it listens.
    let onListening: @Sendable (any Channel) async -> Void

    func run() async throws {
        let idle = TimeAmount(forwarding.route.idle)
        let server = try await ServerBootstrap(group: eventLoops)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(IdleStateHandler(allTimeout: idle))
                    let watch = ConnectionWatch(channel.eventLoop)
                    try pipeline.addHandler(watch)
                    return (try AcceptedConnection<ByteBuffer, ByteBuffer>(channel), watch.failure)
                }
            }
        await onListening(server.channel)
        try await withGracefulShutdownHandler {
            try await server.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await (accepted, failure) in connections {
                        group.addTask { await forwarding.forward(accepted.take(), failure: failure) }
                    }
                }
            }
        } onGracefulShutdown: {
            server.channel.close(promise: nil)
        }
    }
}
