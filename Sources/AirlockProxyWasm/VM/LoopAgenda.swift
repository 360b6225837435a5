/// What is to be done once the guest has returned: host functions and failures only note it, so that no guest is
/// entered from within another event. Confined to one worker loop.
final class LoopAgenda {
    /// Streams that may be able to go on.
    var touchedStreams: [FilterStream] = []
    /// Virtual machines that failed and are to be replaced.
    var failedVMs: [ProxyWasmVM] = []
    /// Root contexts whose tick period was set.
    var changedTicks: [RootContext] = []
    /// HTTP calls that were asked for.
    var callOuts: [HTTPCallOuts.Asked] = []
    /// gRPC calls that were asked for.
    var grpcCallOuts: [GRPCCallOuts.Asked] = []
    /// Root contexts that called `proxy_done`.
    var doneRoots: [RootContext] = []

    var isEmpty: Bool {
        touchedStreams.isEmpty && failedVMs.isEmpty && changedTicks.isEmpty && callOuts.isEmpty
            && grpcCallOuts.isEmpty && doneRoots.isEmpty
    }

    /// In the order in which they were asked for.
    func takeCallOuts() -> [HTTPCallOuts.Asked] {
        defer { callOuts = [] }
        return callOuts
    }

    /// In the order in which they were asked for.
    func takeGRPCCallOuts() -> [GRPCCallOuts.Asked] {
        defer { grpcCallOuts = [] }
        return grpcCallOuts
    }

    func noteTick(_ root: RootContext) {
        if !root.isTickNoted {
            root.isTickNoted = true
            changedTicks.append(root)
        }
    }

    func touch(_ stream: FilterStream) {
        if !stream.isTouched {
            stream.isTouched = true
            touchedStreams.append(stream)
        }
    }
}
