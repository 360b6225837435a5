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

    init(requests: Int, lookups: Int, parent: GrantUsage? = nil) {
        self.requests = Slots(most: requests, parent: parent?.requests)
        self.lookups = Slots(most: lookups, parent: parent?.lookups)
        let (twice, isTooMany) = requests.multipliedReportingOverflow(by: 2)
        attempts = Slots(most: isTooMany ? requests : twice, parent: parent?.attempts)
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

    /// Takes one, if there is one here and in the parent.
    func take() -> Bool {
        let hasOne = taken.withLock { taken in
            guard taken < most else { return false }
            taken += 1
            return true
        }
        guard hasOne, let parent, !parent.take() else { return hasOne }
        taken.withLock { $0 -= 1 }
        return false
    }

    func release() {
        taken.withLock { $0 -= 1 }
        parent?.release()
    }
}
