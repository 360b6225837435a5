import Airlock
import Logging

/// The host's side of one virtual machine: what its host functions work on. Attached to the instance, and confined to
/// its worker loop.
final class VMState {
    /// What the guest is doing, which decides what it may call.
    enum Phase {
        case starting
        case running
        case allocating
    }

    let key: VMKey
    /// The version of the ABI that the module names.
    let abi: ABIVersion
    let space: SharedSpaces.Space
    let limits: ProxyWasmRuntimeLimits
    let agenda: LoopAgenda
    let node: ProxyNode?
    /// The upstreams that can be called by HTTP.
    let upstreams: Set<String>
    /// The upstreams that can be called by gRPC.
    let grpcUpstreams: Set<String>
    let foreignFunctions: ForeignFunctions
    /// Where the virtual machine runs.
    private(set) weak var loop: FilterLoop?
    let allocator: GuestFunction<UInt32, UInt32>
    /// Used while no context is active: in start functions.
    let logger: Logger

    var phase = Phase.starting
    /// The context that the callback in progress was given.
    private(set) var current: Context?
    /// The context that the guest chose instead, by `proxy_set_effective_context`.
    var effective: Context?
    /// Texts that the event in progress wrote to the log.
    private var logLines = 0
    /// Functions that the guest called without a grant.
    private var refusedFunctions: Set<String> = []
    /// Properties that the guest asked for without a grant.
    private var refusedProperties: Set<String> = []
    private var hasTooManyMetrics = false
    private var contexts: [UInt32: Context] = [:]
    private var lastID: UInt32 = 0
    private var lastCallOuts: [CallOutKind: UInt32] = [:]
    /// Queues of other VM identifiers that the guest found.
    var foundQueues: Set<UInt32> = []

    init(
        key: VMKey,
        callbacks: GuestCallbacks,
        space: SharedSpaces.Space,
        limits: ProxyWasmRuntimeLimits,
        agenda: LoopAgenda,
        node: ProxyNode?,
        upstreams: Set<String>,
        grpcUpstreams: Set<String>,
        foreignFunctions: ForeignFunctions,
        loop: FilterLoop,
        logger: Logger
    ) {
        self.key = key
        abi = callbacks.abi
        allocator = callbacks.allocate
        self.space = space
        self.limits = limits
        self.agenda = agenda
        self.node = node
        self.upstreams = upstreams
        self.grpcUpstreams = grpcUpstreams
        self.foreignFunctions = foreignFunctions
        self.loop = loop
        self.logger = logger
    }

    /// The context that host functions act on.
    var active: Context? { effective ?? current }

    /// What a guest may put into a new map.
    var headerRules: HeaderRules { HeaderRules(limits) }

    /// A context number that is not in use. 0 is none.
    func nextID() -> UInt32 {
        repeat {
            lastID = lastID == .max ? 1 : lastID + 1
        } while contexts[lastID] != nil
        return lastID
    }

    /// A number for a call; 0 is none.
    func nextCallOut(_ kind: CallOutKind) -> UInt32 {
        let id = kind.next(after: lastCallOuts[kind] ?? 0)
        lastCallOuts[kind] = id
        return id
    }

    func context(_ id: UInt32) -> Context? { contexts[id] }

    /// The contexts of streams.
    var streamContexts: [StreamContext] { contexts.values.compactMap(\.stream) }

    func add(_ context: Context) {
        contexts[context.id] = context
    }

    func remove(_ id: UInt32) {
        contexts[id] = nil
    }

    func removeAll() {
        contexts = [:]
        endEvent()
    }

    /// Whether the filters may have routes chosen anew.
    var mayClearRouteCache: Bool {
        !key.grants.isDisjoint(with: .foreignFunctions) && key.foreignFunctions?.contains("clear_route_cache") ?? true
            && foreignFunctions["clear_route_cache"] != nil
    }

    /// Has the active stream's route chosen anew.
    func clearRouteCache() {
        active?.stream?.stream.http?.choosesRouteAnew.isSet = true
    }

    func beginEvent(in context: Context) {
        current = context
        logLines = 0
    }

    func endEvent() {
        current = nil
        effective = nil
    }

    /// The logger of the filter that runs.
    var activeLogger: Logger { active?.filter.logger ?? logger }

    /// Logs a guest's text; its source tells it apart from what the host says about the filter. One event gets so
    /// many lines and no more.
    func log(_ level: Logger.Level, _ message: @autoclosure () -> String) {
        let logger = activeLogger
        guard level >= logger.logLevel else { return }
        logLines += 1
        switch logLines {
        case ...Self.maximumLogLines:
            logger.log(level: level, "\(message())", source: "ProxyWasmGuest")
        case Self.maximumLogLines + 1:
            logger.warning("filter wrote too many log lines in one event; the rest is dropped")
        default:
            break
        }
    }

    /// Logs that the guest called a function that it was not granted, once for each function.
    func logRefusal(of function: String) {
        guard refusedFunctions.insert(function).inserted else { return }
        activeLogger.warning("filter called a function that it was not granted", metadata: ["function": "\(function)"])
    }

    /// Logs that the guest asked for a property that it was not granted, once for each of the first ones.
    func logRefusal(ofProperty path: String) {
        guard refusedProperties.count < Self.maximumRefusedProperties, refusedProperties.insert(path).inserted else {
            return
        }
        let path = LogText.make(Array(path.utf8), atMost: PropertyPath.maximumBytes).text
        activeLogger.warning("filter asked for a property that it was not granted", metadata: ["property": "\(path)"])
    }

    /// Logs that the guest defined a metric that counts nowhere, once.
    func logTooManyMetrics() {
        guard !hasTooManyMetrics else { return }
        hasTooManyMetrics = true
        activeLogger.warning("filter defined more metrics than it may; those beyond do not count")
    }

    /// As many refused properties are logged.
    private static let maximumRefusedProperties = 20
    /// The most texts that one event writes to the log.
    private static let maximumLogLines = 1_000
}
