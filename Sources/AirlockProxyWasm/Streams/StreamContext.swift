import Airlock
import Wasmtime

/// One filter's part in one stream: its context in a virtual machine, what it holds back, and what it used.
final class StreamContext {
    /// What the filter has of one direction's body, or of a connection's data.
    struct Half {
        /// Bytes that the filter sees: those of the callback in progress, or those that it holds back.
        var body: [UInt8] = []
        /// Whether ``body`` is there to be read and changed.
        var showsBody = false
        /// Whether the filter holds the body back.
        var isPaused = false
        /// Whether the end of the message came with the body that is held back.
        var endOfStream = false
        /// Whether the filter asked to go on, in the callback in progress or while it was paused.
        var continues = false
    }

    // The stream owns its contexts, and takes them out of their virtual machines before it goes.
    unowned let stream: FilterStream
    let filter: FilterInstance
    /// The version that takes this one's place where it fails on the request's headers.
    var fallback: FilterInstance?
    /// Whether a failure is one that ``fallback`` makes good.
    var mayFallBack = false
    var request = Half()
    var response = Half()
    var usage = CallTotals()
    /// Whether `proxy_on_log` runs.
    private(set) var isLogging = false
    /// Why the filter has no part in the stream any more.
    private(set) var failure: PluginError?
    /// The virtual machine and the filter's root context there; nil while there is no context.
    private(set) var home: (vm: ProxyWasmVM, root: RootContext)?
    /// The same of a context that takes part no more, until the guest is told of its end.
    private var formerHome: (vm: ProxyWasmVM, root: RootContext)?
    private(set) var id: UInt32 = 0
    /// Whether it is a call of the filter that counts where nothing fails: the stream's request has reached it.
    private var isCall = false
    /// Whether the trial of the filter's version has counted it.
    private var isCounted = false

    init(stream: FilterStream, filter: FilterInstance, fallback: FilterInstance?) {
        self.stream = stream
        self.filter = filter
        self.fallback = fallback
    }

    /// The filter's root context, as long as the guest knows this one.
    var root: RootContext? { (home ?? formerHome)?.root }

    subscript(direction: Direction) -> Half {
        get { direction == .request ? request : response }
        set { if direction == .request { request = newValue } else { response = newValue } }
        _modify {
            if direction == .request { yield &request } else { yield &response }
        }
    }

    /// Makes the context in the filter's virtual machine, when the stream's request, or the connection, reaches the filter.
    /// - Returns: Whether the filter takes part.
    func enter() -> Bool {
        isCall = true
        guard stream.tcp == nil ? filter.callbacks.hasStreamCallbacks : filter.callbacks.hasConnectionCallbacks else {
            return false
        }
        if let refusal = filter.refusal {
            fail(refusal)
            return false
        }
        guard let (vm, root) = filter.home else {
            count(filter.slot.lastFailure ?? filter.unavailable)
            fail(filter.unavailable)
            return false
        }
        create(in: vm, root)
        return home != nil
    }

    private func create(in vm: ProxyWasmVM, _ root: RootContext) {
        id = vm.state.nextID()
        home = (vm, root)
        vm.state.add(.stream(self))
        if let onCreate = vm.callbacks.onContextCreate {
            _ = vm.call(onCreate, id, root.id, in: .stream(self))
        }
    }

    /// Runs a callback on this context, if it is still there.
    /// - Returns: What it returned, or nil when there is no context or it failed.
    func call<Result: GuestResult, each Argument: WasmValue>(
        _ callback: GuestFunction<Result, UInt32, repeat each Argument>,
        _ argument: repeat each Argument
    ) -> Result? {
        if let budget = filter.loopBudget, budget.isOverdrawn, home != nil {
            formerHome = home.take()
            fail(budget.refusal(plugin: filter.configuration.name, version: filter.version.number))
            return nil
        }
        return home?.vm.call(callback, id, repeat each argument, in: .stream(self))
    }

    /// Runs a headers callback on this context, if it is still there.
    /// - Parameter count: the number of fields.
    func call(_ callback: GuestCallbacks.HeadersCallback, _ count: UInt32, endOfStream: Bool) -> UInt32? {
        switch callback {
        case .withEnd(let callback): call(callback, count, endOfStream ? 1 : 0)
        case .withoutEnd(let callback): call(callback, count)
        }
    }

    /// Runs one of the last callbacks. They come however much the guest used: it would keep what it has of the stream otherwise.
    private func callLast<Result: GuestResult>(_ callback: GuestFunction<Result, UInt32>) {
        _ = (home ?? formerHome)?.vm.call(callback, id, in: .stream(self))
    }

    /// The virtual machine failed, and the context with it.
    /// - Parameter cause: what the event failed with that ended the machine.
    func vmFailed(_ error: PluginError, cause: PluginError) {
        (home, formerHome) = (nil, nil)
        count(cause)
        fail(error)
    }

    /// The filter does not take part any more; the stream is refused where the policy says so.
    func fail(_ error: PluginError) {
        guard failure == nil else { return }
        failure = error
        count(error)
        if mayFallBack, fallback != nil { return }
        refuseStream()
    }

    /// Refuses the stream where that is the policy after a failure.
    func refuseStream() {
        if filter.configuration.failurePolicy.refusesRequests { stream.refuseForFailure() }
    }

    /// Counts the stream for the trial of the filter's version, the first time.
    /// - Parameter error: what the stream failed with by this filter; nil where all went well.
    func count(_ error: PluginError?) {
        if !isCounted { filter.trial?.note(error) }
        isCounted = true
    }

    /// Unless it fails yet, what became of the stream says nothing about the filter's version.
    func leaveUncounted() {
        isCall = false
    }

    /// Lets go of the version that was held ready. One that does not serve any more is let go of when the stream ends.
    func releaseFallback() {
        guard let filter = fallback, !filter.isRetired else { return }
        filter.openStreams -= 1
        fallback = nil
    }

    /// `proxy_on_log`.
    func log() {
        guard let onLog = filter.callbacks.onLog else { return }
        enterLate()
        isLogging = true
        _ = call(onLog)
        isLogging = false
    }

    /// A filter that the request did not reach, because one before it answered, logs it all the same, as in Envoy.
    private func enterLate() {
        guard id == 0, failure == nil, filter.refusal == nil, stream.isLoggedByAll,
            let (vm, root) = filter.home
        else { return }
        create(in: vm, root)
    }

    /// `proxy_on_done`. What it answers matters for root contexts only, as in Envoy.
    func done() {
        if let onDone = filter.callbacks.onDone { callLast(onDone) }
    }

    /// `proxy_on_delete`; the context is gone then.
    func delete() {
        if let onDelete = filter.callbacks.onDelete { callLast(onDelete) }
        (home ?? formerHome)?.vm.state.remove(id)
        (home, formerHome) = (nil, nil)
        if isCall { count(nil) }
    }
}
