import Airlock
import WorkerLoop

/// A filter's own context in a virtual machine (Proxy-Wasm: "plugin context"), the parent of its streams' contexts.
final class RootContext {
    /// The context's number in its virtual machine.
    let id: UInt32
    /// The filter that it belongs to, on this loop.
    unowned let filter: FilterInstance
    /// Whether `proxy_on_configure` runs, so that the plugin's configuration can be read.
    var isConfiguring = false
    /// The time between ticks; nil for none.
    var tickPeriod: Duration?
    /// Whether `proxy_on_done` answered that there is more to do, so that the context waits for `proxy_done`.
    var awaitsDone = false
    /// Ends the wait.
    var doneTimer: LoopTimer?

    // `filter` outlives its root context: it is what creates it and lets it go.
    init(id: UInt32, filter: FilterInstance) {
        self.id = id
        self.filter = filter
    }
}
