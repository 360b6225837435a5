import WorkerLoop

/// The gRPC calls of one root context that have not ended, and what it is being told of one. Confined to one worker loop.
final class GRPCCallOuts {
    /// A call that a guest asked for, to be begun when the guest has returned.
    struct Asked {
        let id: UInt32
        let root: RootContext
        let upstream: String
        let call: GRPCCallOut
        let messages: GRPCCallOutMessages
    }

    private struct Open {
        let line: GRPCMessageLine
        var isClosedLocally = false
        var hasInitialMetadata = false
        var task: Task<Void, Never>?
        /// It is gone with the call.
        var timer: LoopTimer?
        /// What a unary call was answered; the last message counts, as in Envoy.
        var response: [UInt8]?
    }

    private var open: [UInt32: Open] = [:]
    /// Calls that are asked for and tasks that have not ended: a call that was given up counts until its task has noticed.
    private(set) var count = 0
    /// Calls that the upstream ended and the guest may still close or cancel, the oldest first.
    private var ended: [UInt32] = []
    /// What a guest is told, while it is told.
    var initialMetadata: HeaderMap?
    var message: [UInt8]?
    var trailingMetadata: HeaderMap?

    /// The most calls that the upstream ended, whose numbers are known for as long as the guest has not closed them.
    private static let maximumEnded = 128

    deinit {
        for call in open.values { call.task?.cancel() }
    }

    /// Notes a call that was asked for.
    func note(_ id: UInt32, _ line: GRPCMessageLine) {
        open[id] = Open(line: line)
        count += 1
    }

    func began(_ id: UInt32, _ task: Task<Void, Never>, timer: LoopTimer?) {
        open[id]?.task = task
        open[id]?.timer = timer
    }

    func contains(_ id: UInt32) -> Bool { open[id] != nil }

    /// Notes that a call's task has ended, or that there will not be any.
    func taskEnded() {
        count -= 1
    }

    func keep(_ response: [UInt8], of id: UInt32) {
        open[id]?.response = response
    }

    // MARK: The guest's side

    /// Where messages of a call go; nil where the guest has said that there are no more.
    func line(of id: UInt32) throws(Refusal) -> GRPCMessageLine? {
        guard let call = open[id] else { throw .status(.notFound) }
        return call.isClosedLocally ? nil : call.line
    }

    /// Ends the guest's side of a stream.
    func close(_ id: UInt32) throws(Refusal) {
        guard open[id] != nil else { return try forget(id) }
        open[id]?.isClosedLocally = true
        open[id]?.line.finish()
    }

    /// Gives a call up.
    /// - Returns: whether it had begun.
    func cancel(_ id: UInt32) throws(Refusal) -> Bool {
        guard let call = open.removeValue(forKey: id) else {
            try forget(id)
            return true
        }
        call.task?.cancel()
        return call.task != nil
    }

    private func forget(_ id: UInt32) throws(Refusal) {
        guard let index = ended.firstIndex(of: id) else { throw .status(.notFound) }
        ended.remove(at: index)
    }

    // MARK: The upstream's side

    /// Notes that the guest is told of a stream's initial metadata.
    /// - Returns: whether it was not before.
    func noteInitialMetadata(of id: UInt32) -> Bool {
        guard let call = open[id], !call.hasInitialMetadata else { return false }
        open[id]?.hasInitialMetadata = true
        return true
    }

    /// Notes that a call has ended; the guest may still close or cancel it.
    /// - Returns: what a unary call was answered, and whether the guest has closed its side.
    func end(_ id: UInt32) -> (response: [UInt8]?, isClosedLocally: Bool)? {
        guard let call = open.removeValue(forKey: id) else { return nil }
        call.task?.cancel()
        ended.append(id)
        if ended.count > Self.maximumEnded { ended.removeFirst() }
        return (call.response, call.isClosedLocally)
    }

    /// Whether the guest has not given a call up that has ended.
    func isKnown(_ id: UInt32) -> Bool { ended.contains(id) }

    /// Forgets a call that both sides have ended.
    func drop(_ id: UInt32) {
        ended.removeAll { $0 == id }
    }
}
