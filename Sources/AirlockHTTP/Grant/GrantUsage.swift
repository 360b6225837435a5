import Synchronization

/// What is under way for one grant. It counts for the grant that it was narrowed from as well.
final class GrantUsage: Sendable {
    /// Requests.
    let requests: Slots
    /// Name lookups, with those that no request waits for any more.
    let lookups: Slots
    /// Requests that have a connection or attempt to make one, with attempts that no request waits for any more. Twice as many as requests,
    /// so that requests go on while others' attempts run out.
    let attempts: Slots
    /// Bytes of responses that calls keep.
    let keptBytes: Slots

    init(_ limits: HTTPEgressLimits, lookups: Int, parent: GrantUsage? = nil) {
        requests = Slots(most: limits.concurrentRequests, parent: parent?.requests)
        self.lookups = Slots(most: lookups, parent: parent?.lookups)
        let (twice, isTooMany) = limits.concurrentRequests.multipliedReportingOverflow(by: 2)
        attempts = Slots(most: isTooMany ? limits.concurrentRequests : twice, parent: parent?.attempts)
        keptBytes = Slots(most: limits.keptBytesInAll, parent: parent?.keptBytes)
    }
}

/// A number of places that are taken and given back.
final class Slots: Sendable {
    private let most: Int
    private let parent: Slots?
    private let taken = Mutex(0)

    init(most: Int, parent: Slots? = nil) {
        self.most = most
        self.parent = parent
    }

    /// Whether none is left, here or in the parent.
    var isFull: Bool { taken.withLock { $0 >= most } || parent?.isFull == true }

    /// Takes as many, if there are so many here and in the parent.
    func take(_ count: Int = 1) -> Bool {
        let hasEnough = taken.withLock { taken in
            guard count <= most - taken else { return false }
            taken += count
            return true
        }
        guard hasEnough, let parent, !parent.take(count) else { return hasEnough }
        taken.withLock { $0 -= count }
        return false
    }

    func release(_ count: Int = 1) {
        taken.withLock { $0 -= count }
        parent?.release(count)
    }
}
