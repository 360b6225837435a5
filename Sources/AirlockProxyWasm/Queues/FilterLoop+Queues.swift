import WorkerLoop

/// Telling filters that a queue has something for them.
extension FilterLoop {
    /// Makes what stands for a root context among the listeners of queues.
    nonisolated func queueListener(_ root: UInt64) -> QueueListener {
        QueueListener(root: root) { [weak self, worker] queue in
            worker.submit { [weak self] in self?.assumeIsolated { $0.queueIsReady(queue, root) } }
        }
    }

    /// `proxy_on_queue_ready`. It is told as an event of its own, also where the item came from a filter on this loop.
    private func queueIsReady(_ queue: UInt32, _ serial: UInt64) {
        guard let filter = filters.first(where: { $0.root?.serial == serial }), let (vm, root) = filter.home else {
            return spaces.queues.leave(queue, serial)
        }
        // It would be cut at once. Another one that registered the queue may be told; where none may be, the last one is asked again.
        guard filter.refusal == nil else {
            if spaces.queues.pass(queue, by: serial) { return }
            return postpone(after: filter.pauseWhileRefused) { $0.spaces.queues.told(queue) }
        }
        spaces.queues.begin(queue)
        if let callback = filter.callbacks.onQueueReady { _ = vm.call(callback, root.id, queue, in: .root(root)) }
        settle()
        spaces.queues.told(queue)
    }
}
