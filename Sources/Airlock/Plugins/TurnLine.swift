/// Lets tasks do something one at a time, in the order in which they asked, though each waits for other things meanwhile. Confined to the
/// actor that has it.
final class TurnLine {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Waits for the turn. Balance it with ``leave()``.
    func enter() async {
        // In the closure nothing comes between the look and the wait; before it, on the way to the continuation, others may have the actor.
        await withCheckedContinuation { continuation in
            if isTaken { return waiting.append(continuation) }
            isTaken = true
            continuation.resume()
        }
    }

    /// Gives the turn to the next one.
    func leave() {
        if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
    }
}
