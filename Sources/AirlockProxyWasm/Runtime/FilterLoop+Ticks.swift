import Logging
import WorkerLoop

/// The filters' timers. A tick is armed anew after each one, so that a slow filter has fewer, and belongs to the root context that asked
/// for it: with that it is gone.
extension FilterLoop {
    /// How much longer than its last tick a filter waits for the next one at least: ticks take a fifth of a loop at the most.
    private static let rest = 4

    /// Arms the timer that a root context asked for while it started.
    func startTicks(of filter: FilterInstance) {
        if let root = filter.root { setTick(root) }
    }

    /// Arms the timer of a root context, or stops it, as it asked. One that is not, or not any more, a filter's is left alone.
    func setTick(_ root: RootContext) {
        root.isTickNoted = false
        root.tickTimer = nil
        guard let filter = filters.first(where: { $0.root === root }), filter.callbacks.onTick != nil else { return }
        if let period = root.tickPeriod { arm(root, after: period) }
    }

    private func arm(_ root: RootContext, after delay: Duration) {
        do {
            root.tickTimer = try worker.schedule(after: delay) { [weak self, serial = root.serial] in
                self?.assumeIsolated { $0.tick(serial) }
            }
        } catch {
            logger.debug("no timer is started any more", metadata: ["reason": "\(error)"])
        }
    }

    private func tick(_ serial: UInt64) {
        guard let filter = filters.first(where: { $0.root?.serial == serial }), let (vm, root) = filter.home,
            let onTick = filter.callbacks.onTick
        else { return }
        let began = MonotonicInstant.now
        // Over its share or its quota a filter misses ticks.
        if filter.refusal == nil { _ = vm.call(onTick, root.id, in: .root(root)) }
        let spent = MonotonicInstant.now - began
        settle()
        guard filter.root === root, let period = root.tickPeriod else { return }
        arm(root, after: max(period, spent * Self.rest))
    }
}
