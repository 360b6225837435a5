import Synchronization

/// Holds host calls back until it is opened, and counts who came and who was cancelled.
final class Gate: Sendable {
    fileprivate struct State {
        var isOpen = false
        var arrived = 0
        var cancelled = 0
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var next: UInt64 = 0
        var watchers: [(isMet: @Sendable (Int, Int) -> Bool, CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func pass() async {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goes = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                    state.arrived += 1
                    if state.isOpen || Task.isCancelled {
                        return [continuation] + state.takeMet()
                    }
                    state.waiting[id] = continuation
                    return state.takeMet()
                }
                for continuation in goes { continuation.resume() }
            }
        } onCancel: {
            let goes = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                state.cancelled += 1
                return [state.waiting.removeValue(forKey: id)].compactMap(\.self) + state.takeMet()
            }
            for continuation in goes { continuation.resume() }
        }
    }

    func open() {
        let goes = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [:] }
            return state.waiting.values.map(\.self)
        }
        for continuation in goes { continuation.resume() }
    }

    func arrivals(_ count: Int) async {
        await watch { arrived, _ in arrived >= count }
    }

    func cancellations(_ count: Int) async {
        await watch { _, cancelled in cancelled >= count }
    }

    private func watch(_ isMet: @escaping @Sendable (Int, Int) -> Bool) async {
        await withCheckedContinuation { continuation in
            let goes = state.withLock { state in
                state.watchers.append((isMet, continuation))
                return state.takeMet()
            }
            for continuation in goes { continuation.resume() }
        }
    }
}

extension Gate.State {
    fileprivate mutating func takeMet() -> [CheckedContinuation<Void, Never>] {
        let met = watchers.filter { $0.isMet(arrived, cancelled) }.map(\.1)
        watchers.removeAll { $0.isMet(arrived, cancelled) }
        return met
    }
}
