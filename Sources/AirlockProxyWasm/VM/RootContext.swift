import Airlock
import Synchronization
import WorkerLoop

/// A filter's own context in a virtual machine (Proxy-Wasm: "plugin context"), the parent of its streams' contexts.
final class RootContext {
    /// The context's number in its virtual machine.
    let id: UInt32
    /// A number that no other root context of this process has or had, for timers to find it by.
    let serial = RootContext.lastSerial.add(1, ordering: .relaxed).newValue
    /// The filter that it belongs to, on this loop.
    unowned let filter: FilterInstance
    /// Whether it has not been configured yet.
    var isStarting = true
    /// Whether `proxy_on_configure` runs, so that the plugin's configuration can be read.
    var isConfiguring = false
    /// The time between ticks; nil for none.
    var tickPeriod: Duration?
    /// Whether the agenda has the new period already.
    var isTickNoted = false
    /// The next tick; it is gone with the root context.
    var tickTimer: LoopTimer?
    /// The HTTP calls that it waits for; they end with it.
    let callOuts = HTTPCallOuts()
    /// The gRPC calls that it has; they end with it.
    let grpcCallOuts = GRPCCallOuts()
    /// How its last call ended.
    var status = CallStatus()
    /// Stands for it among the listeners of queues, once it registered one; they forget it when it is gone.
    var queueListener: QueueListener?
    /// What a foreign function has for it, while it is told.
    var foreignArguments: [UInt8]?
    /// Properties that it declared, and whether they keep their first values.
    var readOnlyProperties: [[UInt8]: Bool] = [:]
    /// Whether `proxy_on_done` answered that there is more to do, so that the context waits for `proxy_done`.
    var awaitsDone = false
    /// Ends the wait.
    var doneTimer: LoopTimer?

    /// Calls of all kinds.
    var openCalls: Int { callOuts.count + grpcCallOuts.count }

    private static let lastSerial = Atomic<UInt64>(0)

    // `filter` outlives its root context: it is what creates it and lets it go.
    init(id: UInt32, filter: FilterInstance) {
        self.id = id
        self.filter = filter
    }
}
