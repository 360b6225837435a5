/// Parts of the Proxy-Wasm ABI that a filter may use. A function that was not granted answers 10 (internal failure), and a
/// WASI function 76 (not capable), as Envoy's capability restriction does; the filter is loaded all the same.
///
/// Each part is a set of functions of the ABI, and each function can be granted by itself; see ``init(named:)``.
public struct ProxyWasmGrants: OptionSet, Sendable, Hashable {
    /// One bit for each function.
    public let rawValue: UInt64

    /// Makes a set of functions from its bits.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Writing to the log, also by standard output and error.
    public static let log: ProxyWasmGrants = [.writeLog, .fdWrite, .fdPwrite]
    /// Reading the clocks.
    public static let clock: ProxyWasmGrants = [.getCurrentTimeNanoseconds, .clockTimeGet]
    /// Random bytes.
    public static let random: ProxyWasmGrants = [.randomGet]
    /// Changing headers and trailers. Reading them needs no grant.
    public static let changeHeaders: ProxyWasmGrants = [
        .setHeaderMapPairs, .addHeaderMapValue, .replaceHeaderMapValue, .removeHeaderMapValue,
    ]
    /// Reading bodies, and what connections carry.
    public static let readBodies: ProxyWasmGrants = [.getBufferStatus, .getBufferBytes]
    /// Changing bodies, and what connections carry.
    public static let changeBodies: ProxyWasmGrants = [.setBufferBytes]
    /// Answering requests itself, and closing streams and connections.
    public static let localReplies: ProxyWasmGrants = [.sendLocalResponse, .closeStream]
    /// Reading properties of the stream and the connection.
    public static let readProperties: ProxyWasmGrants = [.getProperty]
    /// Setting properties, which the other filters of the stream can read.
    public static let setProperties: ProxyWasmGrants = [.setProperty]
    /// The values shared by the filters with the same VM identifier.
    public static let sharedData: ProxyWasmGrants = [.getSharedData, .setSharedData]
    /// Metrics.
    public static let metrics: ProxyWasmGrants = [.defineMetric, .incrementMetric, .recordMetric, .getMetric]
    /// Calls to the service's upstreams by HTTP and gRPC. To give a call of one's own up needs no grant.
    public static let callOuts: ProxyWasmGrants = [.httpCall, .grpcCall, .grpcStream, .grpcSend]
    /// Queues, also those of filters with another VM identifier.
    public static let queues: ProxyWasmGrants = [
        .registerSharedQueue, .resolveSharedQueue, .enqueueSharedQueue, .dequeueSharedQueue,
    ]
    /// Foreign functions; see also ``FilterConfiguration/foreignFunctions``. Among them is `proxy_clear_route_cache` of ABI 0.1.0, which is
    /// the foreign function `clear_route_cache` of later ones.
    public static let foreignFunctions: ProxyWasmGrants = [.callForeignFunction, .clearRouteCache]
    /// A periodic timer.
    public static let ticks: ProxyWasmGrants = [.setTickPeriodMilliseconds]

    /// Everything that this version of the module offers.
    public static let all = ProxyWasmGrants(rawValue: (1 << 34) - 1)
}
