/// Counts what happened, for one task that waits for it.
struct Signal: Sendable {
    private let events = AsyncStream.makeStream(of: Void.self)

    func send() { events.continuation.yield() }

    /// Waits for one more.
    func next() async {
        for await _ in events.stream { return }
    }
}

/// Waits until the task is cancelled. A task that sleeps would stay among the runtime's timers after its cancellation, and look like a leak.
func waitForCancellation() async {
    let never = AsyncStream.makeStream(of: Never.self)
    for await _ in never.stream {}
    withExtendedLifetime(never.continuation) {}
}
