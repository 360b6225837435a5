import AirlockProxyWasm
import Synchronization

/// The filters of a route, or of a TCP listener, as they are now. One of a folder is another filter after it was unloaded and loaded anew; until it is loaded again,
/// requests follow its failure policy.
final class RouteChain: Sendable {
    private let set: FilterSet
    private let runtime: ProxyWasmRuntime
    private let first: HTTPFilterChain
    private let latest: Mutex<HTTPFilterChain>

    init(_ filters: [ProxyWasmFilter], of set: FilterSet, runtime: ProxyWasmRuntime) {
        self.set = set
        self.runtime = runtime
        first = HTTPFilterChain(filters, runtime: runtime)
        latest = Mutex(first)
    }

    var currentConnections: TCPFilterChain { TCPFilterChain(current.filters, runtime: runtime) }

    var current: HTTPFilterChain {
        guard set.hasFolder else { return first }
        return latest.withLock { chain in
            let filters = chain.filters.map { set.filter($0.name) ?? $0 }
            if !zip(filters, chain.filters).allSatisfy({ $0 === $1 }) {
                chain = HTTPFilterChain(filters, runtime: runtime)
            }
            return chain
        }
    }
}
