import Airlock
import Logging
import WorkerLoop

/// Starting, replacing and ending virtual machines and the filters' root contexts in them.
extension FilterLoop {
    /// The waits before a virtual machine that does not even start is tried again, whatever the policy.
    private static let startBackoff = ReloadBackoff(initial: .milliseconds(100), maximum: .seconds(30))

    /// What is needed to run one version of a filter.
    struct Preparation: Sendable {
        var id: FilterID
        var configuration: FilterConfiguration
        var version: PluginVersion
        var callbacks: GuestCallbacks
        var quarantine: FilterQuarantine?
    }

    /// Starts and configures a version beside the running one. Where it would share a virtual machine with other
    /// filters, it first proves itself in one of its own.
    func prepare(_ preparation: Preparation) throws(PluginError) {
        let key = VMKey(preparation.configuration, filter: preparation.id, version: preparation.version)
        if slots[key]?.vm != nil {
            try start(preparation, in: VMSlot(key: key))
        }
        let slot = slots[key] ?? VMSlot(key: key)
        let filter = try start(preparation, in: slot)
        slots[key] = slot
        startWaiting(slot)
        filters.append(filter)
        prepared.append(filter)
        startTicks(of: filter)
    }

    /// Starts the filters that waited for a machine in their slot, when another one brought it.
    private func startWaiting(_ slot: VMSlot) {
        guard let vm = slot.vm else { return }
        for filter in members(slot) where filter.root == nil && filter.isToRun {
            do throws(PluginError) {
                filter.root = try vm.startRoot(for: filter)
                startTicks(of: filter)
            } catch {
                if vm.failure == nil { filter.trial?.note(error) }
                logger.error("filter did not start", metadata: ["error": "\(error)"])
            }
        }
        settle()
    }

    @discardableResult
    private func start(_ preparation: Preparation, in slot: VMSlot) throws(PluginError) -> FilterInstance {
        let filter = FilterInstance(
            id: preparation.id,
            configuration: preparation.configuration,
            version: preparation.version,
            callbacks: preparation.callbacks,
            slot: slot,
            quarantine: preparation.quarantine,
            host: host,
            logger: logger
        )
        defer { settle() }
        let vm: ProxyWasmVM
        if let running = slot.vm { vm = running } else { vm = try makeVM(for: filter) }
        filter.root = try vm.startRoot(for: filter)
        slot.vm = vm
        return filter
    }

    // MARK: Failures

    /// Throws a failed virtual machine away and replaces it, now or after a wait, as the policies of its filters say.
    func replace(_ vm: ProxyWasmVM) {
        guard let slot = slots[vm.state.key], slot.vm === vm else { return }
        slot.vm = nil
        slot.lastFailure = vm.failure
        for filter in members(slot) {
            filter.root?.tickTimer = nil
            filter.root = nil
            endIfUnused(filter)
        }
        // A machine that fails by itself, in a tick, would be replaced without end if there were no wait.
        let ownBackoff = vm.failedInRoot ? Self.startBackoff : nil
        let backoffs = members(slot).filter(\.isToRun).map {
            $0.configuration.failurePolicy.backoff ?? ownBackoff
        }
        let resetAfter = backoffs.compactMap { $0?.resetAfter }.min() ?? Self.startBackoff.resetAfter
        slot.failures = ContinuousClock.now - vm.startedAt >= resetAfter ? 1 : slot.failures + 1
        // The filter with the shortest wait decides for those that it shares with.
        let wait = backoffs.map { $0?.delay(afterFailures: slot.failures) ?? .zero }.min()
        if let wait { restart(slot, after: wait) }
    }

    private func restart(_ slot: VMSlot, after delay: Duration) {
        guard delay > .zero else { return restart(slot.key) }
        do {
            restarts[slot.key] = try worker.schedule(after: delay) { [weak self, key = slot.key] in
                self?.assumeIsolated {
                    $0.restart(key)
                    $0.settle()
                }
            }
        } catch {
            logger.debug("no virtual machine is started any more", metadata: ["reason": "\(error)"])
        }
    }

    private func restart(_ key: VMKey) {
        restarts[key] = nil
        guard let slot = slots[key], slot.vm == nil else { return }
        let members = members(slot).filter(\.isToRun)
        guard let first = members.first else { return }
        do throws(PluginError) {
            let vm: ProxyWasmVM
            do { vm = try makeVM(for: first) } catch {
                for filter in members { filter.trial?.note(error) }
                throw error
            }
            try restart(members, in: vm)
            slot.vm = vm
            for filter in members { startTicks(of: filter) }
        } catch {
            for filter in members { filter.root = nil }
            slot.failures += 1
            slot.lastFailure = error
            logger.error("virtual machine did not start", metadata: ["error": "\(error)"])
            restart(slot, after: Self.startBackoff.delay(afterFailures: slot.failures))
        }
    }

    /// Starts a filter that was quarantined, where it stopped for that: at once, whatever its machine had to wait for.
    nonisolated func startReadmitted(_ id: FilterID) {
        let start: @Sendable (isolated FilterLoop) -> Void = { loop in
            guard let filter = loop.active[id], filter.home == nil else { return }
            if filter.slot.vm == nil { loop.restart(filter.slot.key) } else { loop.startWaiting(filter.slot) }
            loop.settle()
        }
        guard !worker.isCurrent else { return assumeIsolated(start) }
        worker.submit { [weak self] in self?.assumeIsolated(start) }
    }

    /// A filter that refuses its configuration stays without a root context, and those that it shares with go on; where all refuse, the
    /// machine is of no use.
    private func restart(_ members: [FilterInstance], in vm: ProxyWasmVM) throws(PluginError) {
        var refusal: PluginError?
        for filter in members {
            do {
                filter.root = try vm.startRoot(for: filter)
            } catch {
                if let failure = vm.failure { throw failure }
                filter.trial?.note(error)
                filter.logger.error("filter did not start", metadata: ["error": "\(error)"])
                refusal = error
            }
        }
        if let refusal, members.allSatisfy({ $0.root == nil }) { throw refusal }
    }

    func members(_ slot: VMSlot) -> [FilterInstance] {
        filters.filter { $0.slot === slot }
    }

    private func makeVM(for filter: FilterInstance) throws(PluginError) -> ProxyWasmVM {
        let state = VMState(
            key: filter.slot.key,
            callbacks: filter.callbacks,
            space: spaces.space(for: filter.configuration.vmID),
            limits: limits,
            agenda: agenda,
            node: node,
            upstreams: callOuts?.upstreams ?? [],
            grpcUpstreams: grpcCallOuts?.upstreams ?? [],
            foreignFunctions: foreignFunctions,
            loop: self,
            logger: filter.logger
        )
        return try ProxyWasmVM(for: filter, state: state)
    }

    // MARK: The end of root contexts

    /// Ends a retired filter once its last stream has ended: `proxy_on_done`, and `proxy_on_delete` at once or after
    /// `proxy_done`.
    func endIfUnused(_ filter: FilterInstance) {
        guard filter.isRetired, filter.openStreams == 0 else { return }
        guard let (vm, root) = filter.home else { return drop(filter) }
        guard !root.awaitsDone else { return }
        if vm.endsAtOnce(root) {
            finish(root)
        } else {
            root.awaitsDone = true
            giveUpOn(root, after: filter.configuration.pauseDeadline)
        }
    }

    /// A filter that never calls `proxy_done` does not stay for ever.
    private func giveUpOn(_ root: RootContext, after delay: Duration) {
        do {
            root.doneTimer = try worker.schedule(after: delay) { [weak self, serial = root.serial] in
                self?.assumeIsolated { $0.giveUp(serial) }
            }
        } catch {
            finish(root)
        }
    }

    private func giveUp(_ serial: UInt64) {
        guard let root = filters.first(where: { $0.root?.serial == serial })?.root else { return }
        finish(root)
        settle()
    }

    /// `proxy_on_delete`, and the filter is gone; with the last one of its virtual machine, that is gone, too.
    func finish(_ root: RootContext) {
        // The root context may be gone already, and its filter with it.
        guard let filter = filters.first(where: { $0.root === root }) else { return }
        filter.home?.vm.delete(root)
        root.tickTimer = nil
        filter.root = nil
        drop(filter)
    }

    private func drop(_ filter: FilterInstance) {
        filters.removeAll { $0 === filter }
        if members(filter.slot).isEmpty {
            slots[filter.slot.key] = nil
            restarts[filter.slot.key] = nil
        }
    }
}

extension FailurePolicy {
    /// The waits of ``reload(backoff:)``.
    fileprivate var backoff: ReloadBackoff? {
        if case .reload(let backoff) = self { backoff } else { nil }
    }
}
