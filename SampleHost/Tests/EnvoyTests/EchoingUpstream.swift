import NIOCore
import NIOPosix

/// A server that sends back what it gets, and ends its side when the other one has, or says "quit". It tells what it got of each connection.
struct EchoingUpstream {
    private let ended = AsyncStream<String>.makeStream()

    /// What came on the connections, in the order of their ends.
    var received: AsyncStream<String> { ended.stream }

    /// Serves on a free port while `body` runs.
    func run<Value: Sendable>(_ body: @Sendable (Int) async throws -> Value) async throws -> Value {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        return try await server.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections { group.addTask { await serve(connection) } }
                    }
                }
                let value = try await body(server.channel.localAddress?.port ?? 0)
                tasks.cancelAll()
                return value
            }
        }
    }

    private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
        var text = ""
        // Whoever resets the connection has an end, too.
        try? await connection.executeThenClose { inbound, outbound in
            for try await part in inbound {
                text += String(buffer: part)
                if text.contains("quit") { outbound.finish() } else { try await outbound.write(part) }
            }
            outbound.finish()
        }
        ended.continuation.yield(text)
    }
}
