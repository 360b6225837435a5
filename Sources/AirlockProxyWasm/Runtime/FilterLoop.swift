import Airlock
import Logging
import WorkerLoop

/// The filters' virtual machines and streams on one worker loop. Everything in it is synchronous but the server's
/// calls, which wait for filters that hold a message back.
actor FilterLoop {
    nonisolated let worker: WorkerLoop
    // The actor keeps the loop that the executor belongs to.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe worker.unownedExecutor }

    let spaces: SharedSpaces
    let limits: ProxyWasmRuntimeLimits
    let logger: Logger
    let agenda = LoopAgenda()
    var slots: [VMKey: VMSlot] = [:]
    /// All versions of filters that still have something to do.
    var filters: [FilterInstance] = []
    /// The version of each filter that new streams use.
    var active: [FilterID: FilterInstance] = [:]
    /// The version of each filter that is about to take over.
    var prepared: [FilterID: FilterInstance] = [:]
    var streams: [UInt64: HTTPStream] = [:]
    /// Timers of ticks, by root context.
    var ticks: [ObjectIdentifier: LoopTimer] = [:]
    /// Timers of virtual machines that wait to be replaced.
    var restarts: [VMKey: LoopTimer] = [:]
    private var lastStream: UInt64 = 0
    private var isSettling = false

    init(worker: WorkerLoop, spaces: SharedSpaces, limits: ProxyWasmRuntimeLimits, logger: Logger) {
        self.worker = worker
        self.spaces = spaces
        self.limits = limits
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
            while let root = agenda.doneRoots.popLast() { finish(root) }
            if let stream = agenda.touchedStreams.popLast() {
                stream.isTouched = false
                stream.advance()
                wake(stream)
            }
        }
    }

    // MARK: Streams

    /// Opens a stream through the filters' current versions.
    /// - Returns: The stream's number on this loop.
    func open(_ ids: [FilterID], _ attributes: StreamAttributes) -> UInt64 {
        lastStream += 1
        let chain = ids.compactMap { active[$0] }
        for filter in chain { filter.openStreams += 1 }
        streams[lastStream] = HTTPStream(
            id: lastStream, attributes: attributes, filters: chain, bodyLimit: limits.bodyBytes)
        worker.beginWork()
        return lastStream
    }

    /// Ends a stream: `proxy_on_log`, then `proxy_on_done` and `proxy_on_delete` of each filter.
    func close(_ id: UInt64) -> StreamReport {
        guard let stream = streams.removeValue(forKey: id) else { return StreamReport() }
        stream.close()
        worker.endWork()
        settle()
        wake(stream)
        for context in stream.contexts {
            context.filter.openStreams -= 1
            endIfUnused(context.filter)
        }
        settle()
        return StreamReport(stream)
    }

    /// The client went away: what waits goes on, with a reply that resets the stream.
    func cancel(_ id: UInt64) {
        guard let stream = streams[id] else { return }
        stream.cancel()
        wake(stream)
    }

    func setUpstream(_ id: UInt64, _ upstream: UpstreamAttributes) {
        streams[id]?.upstream = upstream
    }

    /// Resumes the server's calls, which look again whether they can return.
    private func wake(_ stream: HTTPStream) {
        for flow in [stream.request, stream.response] where !flow.waiters.isEmpty {
            let waiters = flow.waiters
            flow.waiters = []
            for waiter in waiters { waiter.resume() }
        }
    }
}
