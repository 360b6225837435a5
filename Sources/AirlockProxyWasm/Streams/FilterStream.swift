import Airlock
import WorkerLoop

/// What filters see of one client: a request with its response (``HTTPStream``), or a connection (``TCPStream``). Confined to one worker
/// loop; nothing in it waits.
///
/// What comes from the client passes the filters in order, what comes from the upstream in reverse. A filter that returns "pause" holds it
/// back until it asks to continue, from this or any other callback, or fails.
class FilterStream {
    /// What becomes of something after a filter saw it.
    enum Verdict {
        /// It goes on to the next filter.
        case proceed
        /// The filter holds it back.
        case hold
        /// The stream goes another way.
        case stop
    }

    final let id: UInt64
    final let attributes: StreamAttributes
    final var upstream: UpstreamAttributes?
    final private(set) var contexts: [StreamContext] = []
    /// Contexts of versions that failed and whose place another version took.
    final private(set) var replaced: [StreamContext] = []
    /// The two directions.
    final let flows: (fromClient: Flow, fromUpstream: Flow)
    final var properties = StreamProperties()
    /// Objects that foreign functions set, by their keys.
    final var filterState = StreamProperties()
    final let beganAt = MonotonicInstant.now
    /// Time from the first to the last byte; nil until the stream has ended.
    final private(set) var duration: Duration?
    /// How often calls of the server that wait were told to look again.
    final var wakes = 0
    /// Whether the agenda has the stream already.
    final var isTouched = false
    /// The most bytes that one filter holds back of one direction.
    final let bodyLimit: Int

    /// - Parameter fallbacks: for each filter the version that takes its place where it fails at first.
    init(
        id: UInt64, attributes: StreamAttributes, filters: [FilterInstance], fallbacks: [FilterInstance?],
        flows: (Flow, Flow), bodyLimit: Int
    ) {
        self.id = id
        self.attributes = attributes
        self.flows = flows
        self.bodyLimit = bodyLimit
        contexts = zip(filters, fallbacks).map { StreamContext(stream: self, filter: $0, fallback: $1) }
    }

    // MARK: What differs between requests and connections

    /// The request and the response that it is, if it is that.
    var http: HTTPStream? { nil }

    /// The connection that it is, if it is that.
    var tcp: TCPStream? { nil }

    /// Whether nothing of it runs any more but its end.
    var hasFinished: Bool { duration != nil }

    /// Whether nothing of it can go on any more.
    var isOver: Bool { hasFinished || (flows.fromClient.bodyLeft && flows.fromUpstream.bodyLeft) }

    /// Whether a filter asked for something that what is on its way must make room for.
    var isRefused: Bool { hasFinished }

    /// Whether a filter that it did not reach gets a context for its log.
    var isLoggedByAll: Bool { false }

    /// Why it ended otherwise than by both sides; nil where it did not.
    var endDetails: String? { nil }

    /// Does not go on, because a filter failed whose policy says so.
    func refuseForFailure() {}

    /// Does not go on, because a filter held back too much.
    func refuse(_ flow: Flow, heldBy context: StreamContext) {}

    /// Ends because it cannot go on.
    func abandon(details: String) {}

    /// Ends because the client went away.
    func cancel() {}

    /// Does not go on, because a filter held something back for too long.
    func pauseExpired(_ flow: Flow, heldBy context: StreamContext) { abandon(details: "pause_deadline") }

    /// Goes on where something changed from outside: a filter asked to continue, or failed, or to end the stream.
    func advance() {}

    /// The last callbacks of all filters; the contexts are gone then.
    /// - Parameter peer: which side closed a connection.
    func close(by peer: ConnectionPeer) {}

    /// The filter that holds back what the server waits for: of several the one that is reached first.
    func pausedContext(_ flow: Flow) -> StreamContext? {
        contexts.indices.lazy.map { self.context(flow, $0) }.first { $0[flow.direction].isPaused }
    }

    /// Whether the server waits for a filter to let go of something. Of bytes only the end is waited for.
    func isWaited(for flow: Flow) -> Bool { flow.waitsFor != nil }

    // MARK: Filters

    /// What goes in that direction.
    final func flow(_ direction: Direction) -> Flow {
        direction == .request ? flows.fromClient : flows.fromUpstream
    }

    /// The context at a position of a flow's way.
    final func context(_ flow: Flow, _ position: Int) -> StreamContext {
        flow.direction == .request ? contexts[position] : contexts[contexts.count - 1 - position]
    }

    /// Whether one of these has a part in the stream.
    final func uses(_ filters: [FilterInstance]) -> Bool {
        contexts.contains { context in filters.contains { $0 === context.filter } }
    }

    /// Lets another version of a filter take the place of one that failed before it had done anything to the stream.
    final func replace(_ failed: StreamContext) -> StreamContext? {
        guard failed.failure != nil, let filter = failed.fallback.take(),
            let position = contexts.firstIndex(where: { $0 === failed })
        else { return nil }
        let context = StreamContext(stream: self, filter: filter, fallback: nil)
        contexts[position] = context
        replaced.append(failed)
        failed.done()
        failed.delete()
        return context
    }

    /// Versions that were held ready for the place of others and did not take it.
    final var unusedFallbacks: [FilterInstance] { contexts.compactMap(\.fallback) }

    /// Whether the server waits for a filter that holds something back.
    final func waits(for filter: FilterInstance) -> Bool {
        [flows.fromClient, flows.fromUpstream].contains { isWaited(for: $0) && pausedContext($0)?.filter === filter }
    }

    /// Filters that hold something back when the client goes away may or may not have let go of it in time.
    final func leavePausedUncounted() {
        for flow in [flows.fromClient, flows.fromUpstream] { pausedContext(flow)?.leaveUncounted() }
    }

    /// Notes the end.
    /// - Returns: Whether it had not been noted.
    final func noteEnd() -> Bool {
        guard duration == nil else { return false }
        duration = MonotonicInstant.now - beganAt
        return true
    }
}
