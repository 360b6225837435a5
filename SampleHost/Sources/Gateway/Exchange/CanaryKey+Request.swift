import Airlock
import AirlockProxyWasm
import NIOHTTP1

extension CanaryKey {
    /// The key of a request; `nil` where there is nothing to take it from.
    func key(of request: InboundRequest) -> RoutingKey? {
        if case .header(let name) = self, let value = request.head.headers.first(name: name) {
            return RoutingKey(value)
        }
        return request.peers.client.map { RoutingKey($0.address) }
    }
}
