/// Which job is next on the threads that wait for the disk. Each grant has a line of its own, and the grants take turns, so that it does
/// not matter to one how many jobs of another wait. Every operation takes the same time however many do.
struct DiskSchedule<Job: Sendable>: Sendable {
    /// Where a job waits.
    struct Place: Sendable {
        let grant: ObjectIdentifier
        /// No two jobs of a grant have the same.
        let number: UInt64
    }

    private struct Share {
        var running = 0
        var waiting = WaitingLine<UInt64, Job>()
    }

    private let runningPerGrant: Int
    private let waitingPerGrant: Int
    /// Of each grant that has a job.
    private var shares: [ObjectIdentifier: Share] = [:]
    /// The grants that may have another job run and have one that waits.
    private var turns = WaitingLine<ObjectIdentifier, Void>()

    init(runningPerGrant: Int, waitingPerGrant: Int) {
        self.runningPerGrant = runningPerGrant
        self.waitingPerGrant = waitingPerGrant
    }

    /// Whether there is a job that may run.
    var hasNext: Bool { !turns.isEmpty }

    /// Has a job wait, and says whether its grant may have another one waiting.
    mutating func add(_ job: Job, at place: Place) -> Bool {
        guard shares[place.grant]?.waiting.count ?? 0 < waitingPerGrant else { return false }
        shares[place.grant, default: Share()].waiting.append(job, as: place.number)
        updateTurn(of: place.grant)
        return true
    }

    /// Takes back a job that still waits.
    mutating func remove(_ place: Place) -> Job? {
        defer { updateTurn(of: place.grant) }
        return shares[place.grant]?.waiting.remove(place.number)
    }

    /// The first job of the grant whose turn it is. ``end(of:)`` has to be called when it is done.
    mutating func next() -> (job: Job, grant: ObjectIdentifier)? {
        guard let grant = turns.first, let job = shares[grant]?.waiting.removeFirst() else { return nil }
        shares[grant]?.running += 1
        turns.remove(grant)
        updateTurn(of: grant)
        return (job, grant)
    }

    /// A job of that grant is done.
    mutating func end(of grant: ObjectIdentifier) {
        shares[grant]?.running -= 1
        updateTurn(of: grant)
    }

    private mutating func updateTurn(of grant: ObjectIdentifier) {
        guard let share = shares[grant] else { return }
        if share.waiting.isEmpty || share.running >= runningPerGrant {
            turns.remove(grant)
        } else {
            turns.append((), as: grant)
        }
        if share.waiting.isEmpty, share.running == 0 { shares[grant] = nil }
    }
}
