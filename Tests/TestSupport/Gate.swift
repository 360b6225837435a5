import Synchronization

/// Holds tasks until it is opened, and tells how many have come and how many were cancelled.
package final class Gate: Sendable {
    private let state: Mutex<State>

    package init(isOpen: Bool = false) {
        state = Mutex(State(room: isOpen ? .max : 0))
    }

    /// Waits until it may pass. A cancelled task leaves with a `CancellationError`.
    package func pass() async throws {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                change { state in
                    state.arrivals += 1
                    state.held[number] = continuation
                    if Task.isCancelled { state.leave(number) }
                }
            }
        } onCancel: {
            change { state in
                state.cancellations += 1
                state.leave(number)
            }
        }
        try Task.checkCancellation()
    }

    /// Lets all pass from now on.
    package func open() {
        change { $0.room = .max }
    }

    /// Lets so many pass, those that are here or those that come next.
    package func open(for count: Int) {
        change { state in
            if state.room < .max { state.room += count }
        }
    }

    /// Waits until so many have come, in all.
    package func arrivals(_ count: Int) async {
        await watch(arrivals: count)
    }

    /// Waits until so many were cancelled here, in all.
    package func cancellations(_ count: Int) async {
        await watch(cancellations: count)
    }

    private func watch(arrivals: Int = 0, cancellations: Int = 0) async {
        await withCheckedContinuation { continuation in
            change { state in
                state.watchers.append(
                    State.Watcher(arrivals: arrivals, cancellations: cancellations, continuation: continuation))
            }
        }
    }

    /// Changes the state, and wakes whom it holds no longer.
    private func change(_ change: (inout State) -> Void) {
        let woken = state.withLock { state in
            change(&state)
            return state.takeWoken()
        }
        for continuation in woken { continuation.resume() }
    }
}

private struct State {
    struct Watcher {
        let arrivals: Int
        let cancellations: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    /// How many more may pass; `.max` stands for all.
    var room: Int
    var lastNumber = 0
    var arrivals = 0
    var cancellations = 0
    var held: [Int: CheckedContinuation<Void, Never>] = [:]
    var watchers: [Watcher] = []
    private var leaving: [CheckedContinuation<Void, Never>] = []

    init(room: Int) { self.room = room }

    mutating func leave(_ number: Int) {
        if let continuation = held.removeValue(forKey: number) { leaving.append(continuation) }
    }

    /// Takes those out that pass, those that leave, and the watchers that have seen what they waited for.
    mutating func takeWoken() -> [CheckedContinuation<Void, Never>] {
        while room > 0, let (_, continuation) = held.popFirst() {
            leaving.append(continuation)
            if room < .max { room -= 1 }
        }
        let (arrivals, cancellations) = (arrivals, cancellations)
        let isMet = { (watcher: Watcher) in watcher.arrivals <= arrivals && watcher.cancellations <= cancellations }
        let woken = leaving + watchers.filter(isMet).map(\.continuation)
        leaving = []
        watchers.removeAll(where: isMet)
        return woken
    }
}
