import Wasmtime
import WorkerLoop

/// Advances an engine's epoch at a steady pace, from a thread that no guest ever runs on, so that a guest that holds its worker loop
/// is interrupted all the same.
final class EpochTicker: Sendable {
    private let loop: WorkerLoop
    private let timer: LoopTimer

    init(engine: Engine, tick: Duration) throws(WorkerLoopError) {
        loop = try WorkerLoop(name: "airlock-epoch")
        timer = try loop.schedule(after: tick, repeating: tick) { engine.incrementEpoch() }
    }

    /// Runs `action` after a delay, on the thread that no guest ever runs on.
    func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) throws(WorkerLoopError) -> LoopTimer
    {
        try loop.schedule(after: delay, action)
    }

    func stop() async {
        timer.cancel()
        await loop.shutdown()
    }
}
