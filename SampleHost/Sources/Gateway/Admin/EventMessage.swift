import Airlock

/// One of a host's events as `/events` sends it: `event: KIND`, then `data:` with this as JSON in one line.
struct EventMessage: Encodable {
    let plugin: String
    let version: Int
    /// What `PluginEvent.Kind` is called.
    let kind: String
    /// How long it took.
    let milliseconds: Double?
    private(set) var step: String?
    private(set) var error: AdminError.Report?
    /// The version that was replaced.
    private(set) var previous: Int?
    private(set) var trial: TrialReport?
    /// Why a trial ended.
    private(set) var end: String?
    /// Requests that were stopped at the drain deadline.
    private(set) var stopped: Int?
    private(set) var digest: String?
    private(set) var reason: String?

    init(_ event: PluginEvent) {
        plugin = event.plugin
        version = event.version
        milliseconds = event.duration.map { ($0 / .microseconds(1)).rounded() / 1000 }
        kind = event.kind.name
        switch event.kind {
        case .reloaded(let previous), .rolledBack(let previous):
            self.previous = previous
        case .reloadFailed(let error), .compilationFailed(let error), .instanceDiscarded(let error),
            .stateLost(let error), .loadFailed(let error), .recallFailed(let error), .storeFailed(let error),
            .folderUnreadable(let error), .sourceUnavailable(let error):
            self.error = .init(error)
        case .step(let step, let error):
            self.step = "\(step)"
            self.error = error.map { .init($0) }
        case .trialEnded(let result, let end):
            trial = TrialReport(result)
            self.end = "\(end)"
        case .drained(let stopped):
            self.stopped = stopped
        case .moduleQuarantined(let module):
            digest = module.digest
            reason = module.reason
        case .moduleReadmitted(let digest):
            self.digest = digest
        case .cacheProblem(let problem):
            reason = problem
        default:
            break
        }
    }

    /// The message as it is sent.
    func text() throws -> String { "event: \(kind)\ndata: \(try AdminJSON.line(self))\n\n" }
}
