import Airlock
import Logging
import WorkerLoop

/// The filters' virtual machines and streams on one worker loop. Everything in it is synchronous but the server's
/// calls, which wait for filters that hold a message back.
actor FilterLoop {
    nonisolated let worker: WorkerLoop
    // The actor keeps the loop that the executor belongs to.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe worker.unownedExecutor }

    // The host has what runs on the loop.
    weak let host: PluginHost?
    let spaces: SharedSpaces
    let limits: ProxyWasmRuntimeLimits
    let node: ProxyNode?
    let callOuts: (any HTTPCallOutClient)?
    let grpcCallOuts: (any GRPCCallOutClient)?
    let foreignFunctions: ForeignFunctions
    let logger: Logger
    let agenda = LoopAgenda()
    var slots: [VMKey: VMSlot] = [:]
    /// All versions of filters that still have something to do.
    var filters: [FilterInstance] = []
    /// The version of each filter that new streams use.
    var active: [FilterID: FilterInstance] = [:]
    /// Versions that are started and do not serve yet.
    var prepared: [FilterInstance] = []
    /// The version of each filter that gets a share of the streams.
    var candidates: [FilterID: Candidate] = [:]
    var drains: [UInt64: Drain] = [:]
    var lastDrain: UInt64 = 0
    var streams: [UInt64: FilterStream] = [:]
    /// Timers of virtual machines that wait to be replaced.
    var restarts: [VMKey: LoopTimer] = [:]
    /// Events that wait until it is tried again to let a filter have them.
    var postponed: [UInt64: LoopTimer] = [:]
    var lastPostponed: UInt64 = 0
    private var lastStream: UInt64 = 0
    private var isSettling = false

    init(
        worker: WorkerLoop, host: PluginHost, spaces: SharedSpaces, limits: ProxyWasmRuntimeLimits, node: ProxyNode?,
        callOuts: (any HTTPCallOutClient)?, grpcCallOuts: (any GRPCCallOutClient)?, foreignFunctions: ForeignFunctions,
        logger: Logger
    ) {
        self.worker = worker
        self.host = host
        self.spaces = spaces
        self.limits = limits
        self.node = node
        self.callOuts = callOuts
        self.grpcCallOuts = grpcCallOuts
        self.foreignFunctions = foreignFunctions
        self.logger = logger
    }

    /// Runs a closure on the loop: at once where the caller is on it already.
    nonisolated func run<Value: Sendable>(_ body: @Sendable (isolated FilterLoop) -> Value) async -> Value {
        if let value = runNow(body) { return value }
        return await body(self)
    }

    private nonisolated func runNow<Value: Sendable>(_ body: @Sendable (isolated FilterLoop) -> Value) -> Value? {
        worker.isCurrent ? assumeIsolated(body) : nil
    }

    /// Does what events left to be done, until nothing is left.
    func settle() {
        guard !isSettling else { return }
        isSettling = true
        defer { isSettling = false }
        while !agenda.isEmpty {
            while let vm = agenda.failedVMs.popLast() { replace(vm) }
            while let root = agenda.changedTicks.popLast() { setTick(root) }
            for call in agenda.takeCallOuts() { begin(call) }
            for call in agenda.takeGRPCCallOuts() { begin(call) }
            while let root = agenda.doneRoots.popLast() { finish(root) }
            if let stream = agenda.touchedStreams.popLast() {
                stream.isTouched = false
                stream.advance()
                wake(stream)
            }
        }
    }

    // MARK: Streams

    /// A stream that was opened: its number on this loop, and what its filters read.
    struct OpenedStream: Sendable {
        var id: UInt64
        var choosesRouteAnew = RouteMark()
        var filtersRequestBody = false
        var filtersResponseBody = false
        var mayReplyByItself = false
    }

    /// Opens a stream through the filters' current versions. One that was unloaded is passed over only where its
    /// policy is to let requests through.
    func open(_ links: [ChainLink], _ attributes: StreamAttributes, routedBy key: RoutingKey?) -> OpenedStream {
        let choices = links.compactMap { choose($0.filter, for: key) }
        let chain = choices.map(\.filter)
        // What may take a failed version's place is in use as well.
        let fallbacks = choices.compactMap(\.fallback)
        let routeMark = RouteMark()
        let stream = HTTPStream(
            id: nextStream(), attributes: attributes, filters: chain, fallbacks: choices.map(\.fallback),
            bodyLimit: limits.bodyBytes, choosesRouteAnew: routeMark)
        let used = fallbacks.isEmpty ? chain : chain + fallbacks
        add(stream, of: used)
        if chain.count < links.count, lacksFilter(links) {
            stream.refuse(LocalReply(status: 503, details: "filter_unloaded"))
        }
        return OpenedStream(
            id: stream.id,
            choosesRouteAnew: routeMark,
            filtersRequestBody: used.contains { $0.callbacks.request.body != nil },
            filtersResponseBody: used.contains { $0.callbacks.response.body != nil },
            mayReplyByItself: used.contains(where: \.callbacks.comeByThemselves))
    }

    /// Opens a connection; as ``open(_:_:routedBy:)``, but that no other version takes a failed one's place.
    func openConnection(_ links: [ChainLink], _ attributes: StreamAttributes, routedBy key: RoutingKey?) -> UInt64 {
        let chain = links.compactMap { choose($0.filter, for: key)?.filter }
        let stream = TCPStream(
            id: nextStream(), attributes: attributes, filters: chain, bodyLimit: limits.bodyBytes)
        add(stream, of: chain)
        if chain.count < links.count, lacksFilter(links) { stream.close(details: "filter_unloaded") }
        return stream.id
    }

    private func nextStream() -> UInt64 {
        lastStream += 1
        return lastStream
    }

    private func add(_ stream: FilterStream, of filters: [FilterInstance]) {
        for filter in filters { filter.openStreams += 1 }
        streams[stream.id] = stream
        worker.beginWork()
    }

    /// Whether a filter was unloaded that nothing goes on without.
    private func lacksFilter(_ links: [ChainLink]) -> Bool {
        links.contains { $0.isRequired && active[$0.filter] == nil }
    }

    /// Ends a stream, with the last callbacks of each filter.
    /// - Parameter peer: which side closed a connection.
    func close(_ id: UInt64, by peer: ConnectionPeer = .local) -> StreamReport {
        guard let stream = streams.removeValue(forKey: id) else { return StreamReport() }
        stream.close(by: peer)
        worker.endWork()
        settle()
        wake(stream)
        for context in stream.contexts { leave(context.filter) }
        for context in stream.replaced { leave(context.filter) }
        for filter in stream.unusedFallbacks {
            filter.openStreams -= 1
            endIfUnused(filter)
        }
        endDrainsOfUnused()
        settle()
        return StreamReport(stream)
    }

    private func leave(_ filter: FilterInstance) {
        filter.streamEnded()
        endIfUnused(filter)
    }

    /// The client went away: what waits goes on, with a reply that resets the stream.
    func cancel(_ id: UInt64) {
        guard let stream = streams[id] else { return }
        stream.cancel()
        wake(stream)
    }

    func filterState(_ id: UInt64, _ key: [UInt8]) -> [UInt8]? {
        streams[id]?.filterState[key]
    }

    func setUpstream(_ id: UInt64, _ upstream: UpstreamAttributes) {
        streams[id]?.upstream = upstream
    }

    /// Resumes the server's calls, which look again whether they can return.
    func wake(_ stream: FilterStream) {
        wake(stream, stream.flows.fromClient)
        wake(stream, stream.flows.fromUpstream)
        stream.http?.tellReply()
    }

    func wake(_ stream: FilterStream, _ flow: Flow) {
        stream.wakes &+= 1
        guard !flow.waiters.isEmpty else { return }
        let waiters = flow.waiters
        flow.waiters = []
        for waiter in waiters { waiter.resume() }
    }
}
