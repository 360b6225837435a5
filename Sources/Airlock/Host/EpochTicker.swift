import Wasmtime
import WorkerLoop

/// Advances an engine's epoch at a steady pace, from a thread that no guest ever runs on, so that a guest that holds its worker loop
/// is interrupted all the same.
final class EpochTicker: Sendable {
    /// Time between two advances.
    let tick: Duration
    private let loop: WorkerLoop
    private let timer: LoopTimer

    init(engine: Engine, tick: Duration) throws(WorkerLoopError) {
        self.tick = tick
        loop = try WorkerLoop(name: "airlock-epoch")
        timer = try loop.schedule(after: tick, repeating: tick) { engine.incrementEpoch() }
    }

    /// Ticks after which at least `duration` has passed: one more than its length, since the current tick has begun already.
    func ticks(covering duration: Duration) -> UInt64 {
        let whole = duration / tick
        return whole.isFinite && whole < 1e15 ? UInt64(max(0, whole.rounded(.up))) + 1 : UInt64(1e15)
    }

    func stop() async {
        timer.cancel()
        await loop.shutdown()
    }
}
