import AirlockProxyWasm
import NIOCore

/// One of the two sides of a connection.
struct ConnectionSide: Sendable {
    enum Peer: Sendable {
        case client
        case upstream
    }

    let peer: Peer
    let channel: any Channel
    let inbound: NIOAsyncChannelInboundStream<ByteBuffer>
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
}

/// Carries the bytes of both sides to the filters, and what passed those to the other side, until both have ended or one is gone.
struct ConnectionExchange: Sendable {
    let stream: TCPFilterStream
    let client: ConnectionSide
    let upstream: ConnectionSide
    let metrics: ConnectionMetrics

    /// How long it may take to write what had passed the filters when one of them closed the connection, as in Envoy by default.
    private static let flushTime = Duration.seconds(1)

    private enum Event {
        /// A side has sent everything; and when its end came.
        case ended(ConnectionSide.Peer, ContinuousClock.Instant)
        /// Filters take no more.
        case refused
        /// A side got everything there was for it, and why there is no more.
        case written(ConnectionClosure?)
        /// A side is gone.
        case failed(ConnectionSide.Peer, any Error, whileWriting: Bool = false)
        /// The time to write the rest is up.
        case late
    }

    func run() async -> ConnectionEnd {
        await withTaskGroup(of: Event.self) { group in
            group.addTask { await read(client, into: stream.downstream) }
            group.addTask { await write(stream.downstream, to: upstream) }
            group.addTask { await read(upstream, into: stream.upstream) }
            group.addTask { await write(stream.upstream, to: client) }
            defer { group.cancelAll() }
            var end = ConnectionEnd(closedBy: .local)
            var (reading, writing) = (2, 2)
            var lastEnd: ContinuousClock.Instant?
            for await event in group {
                let hadReason = end.reason != nil
                switch event {
                case .ended(let peer, let time):
                    reading -= 1
                    // Who ended last closed the connection.
                    if !hadReason, lastEnd.map({ $0 < time }) ?? true {
                        end.closedBy = peer == .client ? .remote : .local
                        lastEnd = time
                    }
                case .refused:
                    break
                case .written(let closure):
                    writing -= 1
                    if let closure, !hadReason { end = ConnectionEnd(closedBy: .local, reason: closure.details) }
                case .failed(let peer, let error, let whileWriting):
                    if whileWriting { writing -= 1 }
                    if peer == .client { stream.cancel() } else { stream.cancelUpstream() }
                    if !hadReason {
                        end = ConnectionEnd(closedBy: peer == .client ? .remote : .local, reason: "\(error)")
                    }
                case .late:
                    return end
                }
                // With a reason, there may be more to read that nobody takes.
                if writing == 0, reading == 0 || end.reason != nil { return end }
                if !hadReason, end.reason != nil { group.addTask { await waitForRest() } }
            }
            return end
        }
    }

    private func waitForRest() async -> Event {
        try? await Task.sleep(for: Self.flushTime)
        return .late
    }

    private func read(_ side: ConnectionSide, into filters: FilteredBytes) async -> Event {
        do {
            for try await part in side.inbound {
                if side.peer == .client { metrics.received(part.readableBytes) }
                try await filters.send(Array(part.readableBytesView))
            }
            try Task.checkCancellation()
            let end = ContinuousClock.now
            try await filters.finish()
            return .ended(side.peer, end)
        } catch is ConnectionClosure {
            // Whoever takes what has passed the filters learns why.
            return .refused
        } catch {
            return .failed(side.peer, error)
        }
    }

    private func write(_ filtered: FilteredBytes, to side: ConnectionSide) async -> Event {
        do {
            for try await bytes in filtered {
                try await side.outbound.write(ByteBuffer(bytes: bytes))
                if side.peer == .client { metrics.sent(bytes.count) }
            }
            try await side.flush()
            side.outbound.finish()
            return .written(nil)
        } catch let closure as ConnectionClosure {
            try? await side.flush()
            return .written(closure)
        } catch {
            return .failed(side.peer, error, whileWriting: true)
        }
    }
}

extension ConnectionSide {
    /// Waits until the system has taken everything that was written; a side that is closed with less loses it.
    fileprivate func flush() async throws {
        try await withTaskCancellationHandler {
            try await channel.writeAndFlush(ByteBuffer()).get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}
