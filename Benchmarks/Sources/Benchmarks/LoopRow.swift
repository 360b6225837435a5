import CFloor
import WorkerLoop

extension Row {
    /// A hop from an actor on one worker loop to an actor on another, against two C threads that wake each other.
    static func loopHop() async throws -> Row {
        let count = 2_000
        let loops = try WorkerLoopGroup(count: 2, name: "hop")
        let near = Player(on: loops.loops[0])
        let far = Player(on: loops.loops[1])
        let row = try await measure("loop-hop", goal: 1.3) {
            try nanoseconds(per: 2 * count) {
                try BenchmarkError.require(floor_ping_pong(count), "the C threads could not play")
            }
        } subject: {
            try await nanoseconds(per: 2 * count) {
                let hops = await near.play(count, with: far)
                try BenchmarkError.require(hops == 2 * count, "\(hops) hops for \(count) rounds")
            }
        }
        await loops.shutdown()
        return row
    }
}

private actor Player {
    private let loop: WorkerLoop
    private var hops = 0
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // The actor holds its loop.
        unsafe loop.unownedExecutor
    }

    init(on loop: WorkerLoop) {
        self.loop = loop
    }

    /// Both players change what is theirs at every hop, so that the compiler can leave out none.
    func play(_ count: Int, with other: Player) async -> Int {
        let before = await hops + other.hops
        for _ in 0..<count {
            hops += 1
            await other.answer()
        }
        return await hops + other.hops - before
    }

    func answer() { hops += 1 }
}
