import AirlockProxyWasm
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import Synchronization

/// An upstream's gRPC connections, which are made when the first call needs them: HTTP/2 with prior knowledge to `http`, and with TLS and
/// the system's authorities to `https`.
///
/// Calls go to the transport itself: a `GRPCClient` remembers each method that was ever called, and filters choose methods.
final class UpstreamGRPCClient: Sendable {
    private typealias Transport = HTTP2ClientTransport.Posix

    private struct Connected {
        let transport: Transport
        let running: Task<Void, Never>
    }

    private enum State {
        case idle
        case connected(Connected)
        case ended
    }

    private let url: UpstreamURL
    private let eventLoops: any EventLoopGroup
    private let state = Mutex(State.idle)

    init(_ url: UpstreamURL, eventLoops: any EventLoopGroup) {
        self.url = url
        self.eventLoops = eventLoops
    }

    /// Makes a call. Its path is put behind the upstream's own.
    func call(
        _ call: GRPCCallOut, sending messages: GRPCCallOutMessages,
        receiving receive: @escaping @Sendable (GRPCCallOutPart) async throws -> Void
    ) async throws -> GRPCCallOutEnd {
        var options = CallOptions.defaults
        // The transport takes the first for what it receives.
        options.maxRequestMessageBytes = call.messageBytes
        options.maxResponseMessageBytes = call.messageBytes
        let basePath = url.basePath.isEmpty ? "" : url.basePath.dropFirst() + "/"
        let method = MethodDescriptor(fullyQualifiedService: basePath + call.service, method: call.method)
        do {
            return try await transport().withStream(descriptor: method, options: options) { stream, _ in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await Self.send(GRPCCore.Metadata(call), messages, on: stream.outbound) }
                    defer { group.cancelAll() }
                    return try await Self.receive(stream.inbound, receive)
                }
            }
        } catch let error as RPCError {
            return GRPCCallOutEnd(error)
        }
    }

    private static func send(
        _ metadata: GRPCCore.Metadata, _ messages: GRPCCallOutMessages,
        on outbound: RPCWriter<RPCRequestPart<Transport.Bytes>>.Closable
    ) async {
        do {
            try await outbound.write(.metadata(metadata))
            for await message in messages { try await outbound.write(.message(Transport.Bytes(message))) }
            // Given up, the call must not look complete.
            try Task.checkCancellation()
            await outbound.finish()
        } catch {
            // Where sending failed, the other direction says why.
            await outbound.finish(throwing: GRPCCallReset.GivenUp())
        }
    }

    private static func receive(
        _ inbound: RPCAsyncSequence<RPCResponsePart<Transport.Bytes>, any Error>,
        _ receive: @Sendable (GRPCCallOutPart) async throws -> Void
    ) async throws -> GRPCCallOutEnd {
        for try await part in inbound {
            switch part {
            case .metadata(let metadata): try await receive(.initialMetadata(HeaderMap(metadata)))
            // The bytes are copied before the view ends.
            case .message(let message): try await receive(.message(unsafe message.withUnsafeBytes { unsafe Array($0) }))
            case .status(let status, let metadata): return GRPCCallOutEnd(status, metadata)
            }
        }
        throw RPCError(code: .unavailable, message: "the upstream closed the call without a status")
    }

    // MARK: Connections

    private func transport() throws -> Transport {
        try state.withLock { state in
            switch state {
            case .connected(let connected): return connected.transport
            case .ended: throw RPCError(code: .unavailable, message: "the gateway is shutting down")
            case .idle:
                let transport = try makeTransport()
                // It ends with `shutdown()`.
                let running = Task { do { try await transport.connect() } catch {} }
                state = .connected(Connected(transport: transport, running: running))
                return transport
            }
        }
    }

    private func makeTransport() throws -> Transport {
        let address = url.address
        let port = address.port ?? (url.scheme == "https" ? 443 : 80)
        let target: any ResolvableTarget
        let isName: Bool
        switch try? SocketAddress(ipAddress: address.host, port: port) {
        case .v4: (target, isName) = (.ipv4(address: address.host, port: port), false)
        case .v6: (target, isName) = (.ipv6(address: address.host, port: port), false)
        default: (target, isName) = (.dns(host: address.host, port: port), true)
        }
        return try Transport(
            target: target,
            transportSecurity: url.scheme == "https" ? .tls : .plaintext,
            config: .defaults { config in
                // An address is no name for TLS; the transport takes it from the target then.
                config.http2.authority = isName ? url.authority : nil
                config.http2.targetWindowSize = Self.windowBytes
                config.channelDebuggingCallbacks.onCreateHTTP2Stream = { GRPCCallReset.add(to: $0) }
                config.backoff.initial = .milliseconds(100)
                config.backoff.max = .seconds(5)
            },
            eventLoopGroup: eventLoops)
    }

    /// How many bytes an upstream may send ahead on one stream.
    private static let windowBytes = 256 << 10

    /// Closes the connections. Calls must have ended; those that have not are cut.
    func shutdown() async {
        let connected = state.withLock { state -> Connected? in
            defer { state = .ended }
            guard case .connected(let connected) = state else { return nil }
            return connected
        }
        connected?.transport.beginGracefulShutdown()
        connected?.running.cancel()
        await connected?.running.value
    }
}
