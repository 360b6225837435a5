import Synchronization

/// Keeps values in the host's memory, as long as the host runs. Each call takes a lock for microseconds and never waits.
public final class InMemoryKeyValueStore: KeyValueStore {
    private let spaces = Mutex<[KeyValueNamespace: KeyValueSpace]>([:])
    private let now: @Sendable () -> KeyValueMoment

    /// Makes an empty store.
    /// - Parameter now: the time since 1970 by which lifetimes end; by default the system's.
    public init(now: (@Sendable () -> Duration)? = nil) {
        self.now = { now.map { KeyValueMoment(since1970: $0()) } ?? .now }
    }

    public func value(of key: [UInt8], in namespace: KeyValueNamespace) async throws(KeyValueError) -> [UInt8]? {
        spaces.withLock { $0[namespace]?.value(of: key, at: now()) }
    }

    public func apply(
        _ change: KeyValueChange,
        in namespace: KeyValueNamespace,
        within limits: KeyValueLimits
    ) async throws(KeyValueError) -> KeyValueOutcome {
        if let objection = limits.objection(to: change) { return objection }
        return spaces.withLock { spaces in
            let outcome = spaces[namespace, default: KeyValueSpace()].apply(change, within: limits, at: now())
            if spaces[namespace]?.isEmpty == true { spaces[namespace] = nil }
            return outcome
        }
    }

    public func keys(
        withPrefix prefix: [UInt8],
        from start: [UInt8],
        most: Int,
        in namespace: KeyValueNamespace
    ) async throws(KeyValueError) -> KeyValuePage {
        spaces.withLock { spaces in
            spaces[namespace]?.page(withPrefix: prefix, from: start, most: most, at: now())
                ?? KeyValuePage(keys: [], next: nil)
        }
    }

    public func usage(of namespace: KeyValueNamespace) async throws(KeyValueError) -> KeyValueUsage {
        spaces.withLock { spaces in
            spaces[namespace]?.purge(at: now())
            return spaces[namespace]?.usage ?? KeyValueUsage()
        }
    }
}
