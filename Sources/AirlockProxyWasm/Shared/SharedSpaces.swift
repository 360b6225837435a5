import Metrics
import Synchronization

/// Shared data and metrics by VM identifier, and the queues of all. They outlive the virtual machines, so that a filter which is reloaded or
/// restarted finds its values again.
final class SharedSpaces: Sendable {
    struct Space: Sendable {
        let data: SharedData
        let metrics: FilterMetrics
        let queues: SharedQueues
    }

    let queues: SharedQueues

    private let spaces = Mutex<[String: Space]>([:])
    private let limits: ProxyWasmRuntimeLimits
    private let factory: (any MetricsFactory)?

    /// - Parameter metrics: where filters' metrics go; the process's factory where it is nil.
    init(limits: ProxyWasmRuntimeLimits, metrics: (any MetricsFactory)?) {
        self.limits = limits
        factory = metrics
        queues = SharedQueues(limits: limits.sharedQueues)
    }

    /// What the virtual machines with that identifier share.
    func space(for vmID: String) -> Space {
        spaces.withLock { spaces in
            if let known = spaces[vmID] { return known }
            let space = Space(
                data: SharedData(limits: limits.sharedData),
                metrics: FilterMetrics(vmID: vmID, maximumDefinitions: limits.metricsPerVMID, factory: factory),
                queues: queues
            )
            spaces[vmID] = space
            return space
        }
    }
}

/// Bounds of a ``ProxyWasmRuntime``, beside the ``PluginLimits`` of each filter.
public struct ProxyWasmRuntimeLimits: Sendable, Hashable {
    /// What the filters with one VM identifier may keep in shared data.
    public var sharedData: SharedDataLimits
    /// What the filters with one VM identifier may keep in queues.
    public var sharedQueues: SharedQueueLimits
    /// The most metrics that the filters with one VM identifier may define; what they define beyond counts nowhere.
    public var metricsPerVMID: Int
    /// The most bytes of names and values by which filters make a header or trailer map larger than it came in, and the most of one
    /// that a filter makes.
    public var headerBytes: Int
    /// The most fields by which filters make a header or trailer map larger than it came in, and the most of one that a filter makes.
    public var headerFields: Int
    /// The most bytes of a body that a filter may hold back: one more ends the request with 413, and the
    /// response with 500. Also the most bytes of one direction of a connection that are held back; see ``FilteredBytes``. Also the most
    /// bytes of a message that a filter sends in a gRPC call, and of those that wait to be sent in one.
    public var bodyBytes: Int
    /// The most bytes that a filter may make of a body, of a local reply's, or of data of a connection. What it writes into one counts
    /// as ``PluginLimits/outputBytes``, too.
    public var madeBodyBytes: Int
    /// The most HTTP and gRPC calls of one filter on one worker loop that wait for their answers, streams among them.
    public var callOuts: Int
    /// The most bytes that the body of the answer to an HTTP call may have, and a message of the answer to a gRPC call.
    public var callOutResponseBytes: Int
    /// The most bytes of the arguments and of the result of a foreign function.
    public var foreignFunctionBytes: Int
    /// The longest that a filter waits for the answer to an HTTP call or a unary gRPC call, whatever it asks for.
    public var callOutTimeout: Duration

    /// Sets the bounds.
    public init(
        sharedData: SharedDataLimits = SharedDataLimits(),
        sharedQueues: SharedQueueLimits = SharedQueueLimits(),
        metricsPerVMID: Int = 1_000,
        headerBytes: Int = 64 << 10,
        headerFields: Int = 512,
        bodyBytes: Int = 1 << 20,
        madeBodyBytes: Int = 8 << 20,
        callOuts: Int = 1_024,
        callOutResponseBytes: Int = 1 << 20,
        callOutTimeout: Duration = .seconds(60),
        foreignFunctionBytes: Int = 1 << 20
    ) {
        self.sharedData = sharedData
        self.sharedQueues = sharedQueues
        self.metricsPerVMID = metricsPerVMID
        self.headerBytes = headerBytes
        self.headerFields = headerFields
        self.bodyBytes = bodyBytes
        self.madeBodyBytes = madeBodyBytes
        self.callOuts = callOuts
        self.callOutResponseBytes = callOutResponseBytes
        self.callOutTimeout = callOutTimeout
        self.foreignFunctionBytes = foreignFunctionBytes
    }
}
