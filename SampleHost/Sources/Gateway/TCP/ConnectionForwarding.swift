import Airlock
import AirlockProxyWasm
import Logging
import NIOCore

/// Sends a listener's connections through its filters to its upstream.
struct ConnectionForwarding: Sendable {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    let route: ConnectionRoute
    let metrics: ConnectionMetrics
    let logger: Logger

    /// Forwards one connection until its end.
    /// - Parameter failure: fails when the connection breaks, or nothing happens on it for too long.
    func forward(_ client: Connection, failure: EventLoopFuture<Void>) async {
        let peers = ConnectionPeers(client.channel)
        metrics.begins()
        let stream = await route.filters.currentConnections
            .openConnection(attributes(peers), routedBy: peers.client.map { RoutingKey($0.address) })
        // A client that is gone does not wait for filters.
        failure.whenFailure { _ in stream.cancel() }
        var end = ConnectionEnd(closedBy: .local, reason: nil)
        do {
            end = try await client.executeThenClose { fromClient, toClient in
                try await stream.begin()
                let upstream: Connection
                do {
                    upstream = try await route.upstream.connect()
                } catch {
                    return ConnectionEnd(closedBy: .local, reason: "upstream_not_connected", upstreamError: error)
                }
                return try await upstream.executeThenClose { fromUpstream, toUpstream in
                    await stream.setUpstream(UpstreamAttributes(upstream.channel))
                    let exchange = ConnectionExchange(
                        stream: stream,
                        client: ConnectionSide(
                            peer: .client, channel: client.channel, inbound: fromClient, outbound: toClient),
                        upstream: ConnectionSide(
                            peer: .upstream, channel: upstream.channel, inbound: fromUpstream, outbound: toUpstream),
                        metrics: metrics)
                    return await exchange.run()
                }
            }
        } catch let closure as ConnectionClosure {
            end.reason = closure.details
        } catch {
            end.reason = "\(error)"
        }
        let report = await stream.finish(closedBy: end.closedBy)
        metrics.ends(end, report)
        if let error = end.upstreamError {
            logger.warning(
                "upstream not connected", metadata: ["upstream": "\(route.upstream.name)", "error": "\(error)"])
        } else if let reason = end.reason {
            logger.debug("connection ended", metadata: ["reason": "\(reason)"])
        }
    }

    private func attributes(_ peers: ConnectionPeers) -> StreamAttributes {
        var attributes = route.attributes
        attributes.source = peers.client
        attributes.destination = peers.server
        attributes.requestTime = Int64(WallClock.nanoseconds)
        attributes.connectionID = peers.connectionID
        return attributes
    }
}

/// How a connection ended.
struct ConnectionEnd: Sendable {
    var closedBy: ConnectionPeer
    /// Why, where it was not by both sides.
    var reason: String?
    /// Why there was no connection to the upstream.
    var upstreamError: (any Error)?
}

extension UpstreamAttributes {
    fileprivate init(_ channel: any Channel) {
        self.init(
            remote: StreamAttributes.Endpoint(channel.remoteAddress),
            local: StreamAttributes.Endpoint(channel.localAddress))
    }
}
