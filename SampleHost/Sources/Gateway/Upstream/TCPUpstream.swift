import NIOCore
import NIOPosix

/// An upstream that connections are forwarded to.
struct TCPUpstream: Sendable {
    let name: String
    private let address: Address
    private let connectTimeout: TimeAmount
    private let eventLoops: MultiThreadedEventLoopGroup

    /// `nil` when the URL is not one with `tcp://`.
    init?(name: String, configuration: UpstreamConfiguration, eventLoops: MultiThreadedEventLoopGroup) {
        guard let address = Address(configuration.url) else { return nil }
        self.name = name
        self.address = address
        connectTimeout = TimeAmount(configuration.connectTimeout)
        self.eventLoops = eventLoops
    }

    func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        try await ClientBootstrap(group: eventLoops)
            .connectTimeout(connectTimeout)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
    }

    /// `tcp://host:port`.
    struct Address: Sendable, CustomStringConvertible {
        let host: String
        let port: Int

        /// `nil` when the text is something else.
        init?(_ url: String) {
            let scheme = "tcp://"
            guard url.lowercased().hasPrefix(scheme), let address = ListenAddress(String(url.dropFirst(scheme.count))),
                address.port > 0, !address.host.contains(where: { "/?#@".contains($0) })
            else { return nil }
            host = address.host
            port = address.port
        }

        var description: String { "tcp://\(ListenAddress(host: host, port: port))" }
    }
}
