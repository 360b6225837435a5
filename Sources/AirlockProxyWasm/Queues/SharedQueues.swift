import Synchronization

/// The queues of all filters, by VM identifier and name (Proxy-Wasm 0.2.1, "Shared Queues").
///
/// They outlive virtual machines and are used from every worker loop. Who registered a queue last, and is still there, is told of each item
/// that comes, as in Envoy; what comes while nobody is there is told to the next one. What guests can put into them is bounded.
final class SharedQueues: Sendable {
    /// The longest name of a queue, and of a VM identifier that a guest asks for, in bytes.
    static let maximumNameBytes = 1024

    fileprivate struct Name: Hashable {
        var vmID: String
        var queue: [UInt8]
    }

    fileprivate struct Registration {
        weak var listener: QueueListener?
    }

    fileprivate struct Queue {
        let vmID: String
        var items = ItemLine()
        /// In the order in which they registered.
        var registrations: [Registration] = []
        /// Items of which nobody was told yet.
        var untold = 0
        /// Whether somebody is being told.
        var isTelling = false
    }

    fileprivate struct State {
        var numbers: [Name: UInt32] = [:]
        var queues: [UInt32: Queue] = [:]
        var counts: [String: Int] = [:]
        var lastNumber: UInt32 = 0
    }

    private let state = Mutex(State())
    private let limits: SharedQueueLimits

    init(limits: SharedQueueLimits) {
        self.limits = limits
    }

    /// Makes a queue, or finds the one that is there, and tells `listener` of what comes from now on.
    /// - Returns: its number; nil where the VM identifier has too many.
    func register(_ name: [UInt8], of vmID: String, for listener: QueueListener) -> UInt32? {
        let number: UInt32? = state.withLock { state in
            guard let number = state.makeQueue(Name(vmID: vmID, queue: name), limit: limits.queues) else { return nil }
            state.queues[number]?.registrations.removeAll { $0.listener == nil || $0.listener === listener }
            state.queues[number]?.registrations.append(Registration(listener: listener))
            return number
        }
        if let number { tell(number) }
        return number
    }

    /// The number of a queue that somebody registered.
    func find(_ name: [UInt8], of vmID: String) -> UInt32? {
        state.withLock { $0.numbers[Name(vmID: vmID, queue: name)] }
    }

    /// Whether the queue belongs to the VM identifier.
    func belongs(_ number: UInt32, to vmID: String) -> Bool {
        state.withLock { $0.queues[number]?.vmID == vmID }
    }

    func enqueue(_ item: [UInt8], to number: UInt32) -> Status {
        let status: Status = state.withLock { state in
            guard var queue = state.queues.removeValue(forKey: number) else { return .notFound }
            defer { state.queues[number] = queue }
            guard queue.items.count < limits.items, queue.items.byteCount + item.count <= limits.bytes else {
                return .internalFailure
            }
            queue.items.append(item)
            // Whoever empties the queue while it is being filled makes no more of these than there is room for items.
            queue.untold = min(queue.untold + 1, limits.items)
            return .ok
        }
        if status == .ok { tell(number) }
        return status
    }

    func dequeue(_ number: UInt32) -> Result<[UInt8], StatusError> {
        state.withLock { state in
            guard state.queues[number] != nil else { return .failure(StatusError(.notFound)) }
            guard let item = state.queues[number]?.items.takeFirst() else { return .failure(StatusError(.empty)) }
            return .success(item)
        }
    }

    // MARK: Telling

    /// Has the last listener told, unless one is being told.
    private func tell(_ number: UInt32) {
        let listener: QueueListener? = state.withLock { state in
            guard let queue = state.queues[number], queue.untold > 0, !queue.isTelling,
                let listener = queue.registrations.last(where: { $0.listener != nil })?.listener
            else { return nil }
            state.queues[number]?.isTelling = true
            return listener
        }
        guard let listener, !listener.tell(number) else { return }
        // Its worker loop is shutting down.
        leave(number, listener.root)
    }

    /// Notes that the listener is being told of one item.
    func begin(_ number: UInt32) {
        state.withLock { state in
            guard let untold = state.queues[number]?.untold, untold > 0 else { return }
            state.queues[number]?.untold = untold - 1
        }
    }

    /// Goes on with the next item after the listener was told.
    func told(_ number: UInt32) {
        state.withLock { $0.queues[number]?.isTelling = false }
        tell(number)
    }

    /// Has the listener told that registered before one that cannot be at the moment.
    /// - Returns: whether there is one.
    func pass(_ number: UInt32, by root: UInt64) -> Bool {
        let listener: QueueListener? = state.withLock { state in
            let listeners = state.queues[number]?.registrations.compactMap(\.listener) ?? []
            return listeners.prefix { $0.root != root }.last
        }
        guard let listener else { return false }
        if !listener.tell(number) { leave(number, listener.root) }
        return true
    }

    /// Takes a listener out that cannot be told any more, and goes on with the one before it.
    func leave(_ number: UInt32, _ root: UInt64) {
        state.withLock { state in
            state.queues[number]?.registrations.removeAll { ($0.listener?.root ?? root) == root }
        }
        told(number)
    }
}

extension SharedQueues.State {
    fileprivate mutating func makeQueue(_ name: SharedQueues.Name, limit: Int) -> UInt32? {
        if let known = numbers[name] { return known }
        guard counts[name.vmID, default: 0] < limit, lastNumber < .max else { return nil }
        // 0 is none.
        lastNumber += 1
        numbers[name] = lastNumber
        queues[lastNumber] = SharedQueues.Queue(vmID: name.vmID)
        counts[name.vmID, default: 0] += 1
        return lastNumber
    }
}
