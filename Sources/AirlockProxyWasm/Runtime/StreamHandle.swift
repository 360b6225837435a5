import Synchronization
import WorkerLoop

/// The server's hold on a stream of a worker loop, which ends with it.
final class StreamHandle: Sendable {
    /// Nil where there are no loops any more.
    let loop: FilterLoop?
    let id: UInt64
    private let isFinished = Atomic<Bool>(false)

    init(loop: FilterLoop?, id: UInt64) {
        self.loop = loop
        self.id = id
    }

    deinit {
        guard let loop, !isFinished.load(ordering: .relaxed) else { return }
        let isAccepted = loop.worker.submit { [loop, id] in
            loop.assumeIsolated { _ = $0.close(id) }
        }
        if !isAccepted {
            // The worker loop was shut down; jobs of actors run all the same.
            Task { [loop, id] in _ = await loop.close(id) }
        }
    }

    func filterState(_ key: String) async -> [UInt8]? {
        guard let loop else { return nil }
        let id = id
        return await loop.run { $0.filterState(id, Array(key.utf8)) }
    }

    func setUpstream(_ upstream: UpstreamAttributes) async {
        guard let loop else { return }
        let id = id
        await loop.run { $0.setUpstream(id, upstream) }
    }

    func finish(by peer: ConnectionPeer) async -> StreamReport {
        isFinished.store(true, ordering: .relaxed)
        guard let loop else { return StreamReport() }
        let id = id
        return await loop.run { $0.close(id, by: peer) }
    }

    /// Does something to the stream on its loop, without waiting for that.
    func submit(_ body: @escaping @Sendable (isolated FilterLoop, UInt64) -> Void) {
        guard let loop else { return }
        loop.worker.submit { [loop, id] in
            loop.assumeIsolated { body($0, id) }
        }
    }
}
