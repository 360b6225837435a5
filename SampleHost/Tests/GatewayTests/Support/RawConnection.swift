import Gateway
import NIOCore
import NIOPosix

/// A TCP connection that sends what it is told, well formed or not.
struct RawConnection {
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let received: ReceivedBytes

    /// Connects, runs `body` and closes the connection.
    static func with<Value: Sendable>(
        _ address: ListenAddress,
        _ body: @Sendable (RawConnection) async throws -> Value
    ) async throws -> Value {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: address.host, port: address.port, channelInitializer: open)
        return try await channel.executeThenClose { inbound, outbound in
            try await body(RawConnection(outbound: outbound, received: ReceivedBytes(inbound)))
        }
    }

    /// Listens on a free port and gives each connection to `serve`, which ends it by returning, while `body` runs.
    static func listen<Value: Sendable>(
        _ serve: @escaping @Sendable (RawConnection) async throws -> Void,
        while body: @Sendable (ListenAddress) async throws -> Value
    ) async throws -> Value {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(host: "127.0.0.1", port: 0, childChannelInitializer: open)
        return try await listener.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            group.addTask {
                                try? await connection.executeThenClose { inbound, outbound in
                                    try await serve(RawConnection(outbound: outbound, received: ReceivedBytes(inbound)))
                                }
                            }
                        }
                    }
                }
                let port = listener.channel.localAddress?.port ?? 0
                let value = try await body(ListenAddress(host: "127.0.0.1", port: port))
                group.cancelAll()
                return value
            }
        }
    }

    @Sendable private static func open(
        _ channel: any Channel
    ) -> EventLoopFuture<NIOAsyncChannel<ByteBuffer, ByteBuffer>> {
        channel.eventLoop.makeCompletedFuture {
            try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    /// Sends nothing more; the other side may go on.
    func end() { outbound.finish() }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    /// The next response: status line and header fields up to the empty line.
    func head() async throws -> String { try await received.text(upTo: "\r\n\r\n") }

    /// Everything up to and including `mark`.
    func text(upTo mark: String) async throws -> String { try await received.text(upTo: mark) }

    /// Everything until the server closes its side.
    func rest() async throws -> String { try await received.rest() }
}

/// The bytes that came on a connection; one reader at a time.
actor ReceivedBytes {
    private var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var buffer = ""

    init(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>) { iterator = inbound.makeAsyncIterator() }

    func text(upTo mark: String) async throws -> String {
        while true {
            if let found = buffer.firstRange(of: mark) {
                let text = String(buffer[..<found.upperBound])
                buffer.removeSubrange(..<found.upperBound)
                return text
            }
            guard let more = try await next() else { throw EndOfConnection(received: buffer) }
            buffer += more
        }
    }

    func rest() async throws -> String {
        while let more = try await next() { buffer += more }
        defer { buffer = "" }
        return buffer
    }

    private func next() async throws -> String? {
        var iterator = iterator
        defer { self.iterator = iterator }
        do {
            return try await iterator.next(isolation: #isolation).map { String(buffer: $0) }
        } catch is IOError {
            return nil
        }
    }
}

struct EndOfConnection: Error {
    let received: String
}
