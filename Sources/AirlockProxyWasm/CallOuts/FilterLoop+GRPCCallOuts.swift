import Airlock
import WorkerLoop

/// Making the gRPC calls of filters, and telling them what comes of them.
extension FilterLoop {
    /// Begins a call. It ends when the upstream says so, when its time has passed, or with its root context.
    func begin(_ asked: GRPCCallOuts.Asked) {
        let (id, root, serial, worker) = (asked.id, asked.root, asked.root.serial, worker)
        guard let client = grpcCallOuts, root.grpcCallOuts.contains(id) else { return }
        let task = Task { [weak self, upstream = asked.upstream, call = asked.call, messages = asked.messages] in
            let end = try? await client.call(call, to: upstream, sending: messages) { [weak self] part in
                guard let self else { throw CancellationError() }
                try await self.tell(part, id, of: serial, call)
            }
            worker.submit { [weak self] in
                self?.assumeIsolated { $0.taskEnded(id, end ?? .unavailable, of: serial) }
            }
        }
        let timer = asked.call.timeout.flatMap { timeout in
            try? worker.schedule(after: timeout) { [weak self] in
                self?.assumeIsolated { $0.end(id, .timedOut, of: serial) }
            }
        }
        root.grpcCallOuts.began(id, task, timer: timer)
    }

    private func home(_ serial: UInt64) -> (filter: FilterInstance, vm: ProxyWasmVM, root: RootContext)? {
        guard let filter = filters.first(where: { $0.root?.serial == serial }), let (vm, root) = filter.home
        else { return nil }
        return (filter, vm, root)
    }

    // MARK: Parts

    /// Tells a filter a part of an answer, as soon as it may be run. The client reads no further until then.
    private func tell(_ part: GRPCCallOutPart, _ id: UInt32, of serial: UInt64, _ call: GRPCCallOut) async throws {
        while true {
            try Task.checkCancellation()
            guard let (filter, vm, root) = home(serial), root.grpcCallOuts.contains(id) else {
                throw CancellationError()
            }
            guard filter.refusal == nil else {
                try await Task.sleep(for: filter.pauseWhileRefused)
                continue
            }
            guard fits(part, call) else {
                end(id, .tooLarge, of: serial)
                throw CancellationError()
            }
            try? filter.version.quota?.charge(part.byteCount, to: .egressBytes)
            tell(part, id, filter, vm, root)
            return settle()
        }
    }

    private func fits(_ part: GRPCCallOutPart, _ call: GRPCCallOut) -> Bool {
        switch part {
        case .initialMetadata(let map): map.byteCount <= limits.headerBytes && map.count <= limits.headerFields
        case .message(let message): message.count <= call.messageBytes
        }
    }

    private func tell(
        _ part: GRPCCallOutPart, _ id: UInt32, _ filter: FilterInstance, _ vm: ProxyWasmVM, _ root: RootContext
    ) {
        // A unary call is told once, when it has ended, as in Envoy.
        let isStream = CallOutKind(of: id) == .grpcStream
        switch part {
        case .initialMetadata(let map):
            if isStream { tellInitial(map, id, filter, vm, root) }
        case .message(let message):
            guard isStream else { return root.grpcCallOuts.keep(message, of: id) }
            tellInitial(HeaderMap(), id, filter, vm, root)
            if root.grpcCallOuts.contains(id) { tell(message, id, filter, vm, root) }
        }
    }

    /// `proxy_on_grpc_receive_initial_metadata`, once. A stream that ends without any is told of none, as in Envoy.
    private func tellInitial(
        _ map: HeaderMap, _ id: UInt32, _ filter: FilterInstance, _ vm: ProxyWasmVM, _ root: RootContext
    ) {
        guard root.grpcCallOuts.noteInitialMetadata(of: id),
            let callback = filter.callbacks.onGRPCReceiveInitialMetadata
        else { return }
        root.grpcCallOuts.initialMetadata = map
        _ = vm.call(callback, root.id, id, UInt32(clamping: map.count), in: .root(root))
        root.grpcCallOuts.initialMetadata = nil
    }

    /// `proxy_on_grpc_receive`.
    private func tell(
        _ message: [UInt8], _ id: UInt32, _ filter: FilterInstance, _ vm: ProxyWasmVM, _ root: RootContext
    ) {
        guard let callback = filter.callbacks.onGRPCReceive else { return }
        root.grpcCallOuts.message = message
        _ = vm.call(callback, root.id, id, UInt32(clamping: message.count), in: .root(root))
        root.grpcCallOuts.message = nil
    }

    // MARK: Ends

    private func taskEnded(_ id: UInt32, _ end: GRPCCallOutEnd, of serial: UInt64) {
        home(serial)?.root.grpcCallOuts.taskEnded()
        self.end(id, end, of: serial)
    }

    /// Ends a call that has not ended yet, and tells the filter.
    private func end(_ id: UInt32, _ end: GRPCCallOutEnd, of serial: UInt64) {
        guard let (filter, vm, root) = home(serial), root.grpcCallOuts.contains(id) else { return }
        // It would be cut at once.
        guard filter.refusal == nil else {
            return postpone(after: filter.pauseWhileRefused) { $0.end(id, end, of: serial) }
        }
        let trailers = end.trailingMetadata
        guard trailers.byteCount <= limits.headerBytes, trailers.count <= limits.headerFields else {
            return self.end(id, .tooLarge, of: serial)
        }
        if CallOutKind(of: id) == .grpcStream { tellInitial(HeaderMap(), id, filter, vm, root) }
        // The filter may give the call up at any of these.
        guard let (response, isClosedLocally) = root.grpcCallOuts.end(id) else { return settle() }
        try? filter.version.quota?.charge(trailers.byteCount, to: .egressBytes)
        if CallOutKind(of: id) == .grpcStream {
            tellTrailers(trailers, id, filter, vm, root)
            if root.grpcCallOuts.isKnown(id) { tellEnd(end, id, filter, vm, root) }
            if isClosedLocally { root.grpcCallOuts.drop(id) }
        } else {
            if end.status == 0, let response {
                tell(response, id, filter, vm, root)
            } else {
                tellEnd(end.status == 0 ? .withoutMessage : end, id, filter, vm, root)
            }
            root.grpcCallOuts.drop(id)
        }
        settle()
    }

    /// `proxy_on_grpc_receive_trailing_metadata`.
    private func tellTrailers(
        _ trailers: HeaderMap, _ id: UInt32, _ filter: FilterInstance, _ vm: ProxyWasmVM, _ root: RootContext
    ) {
        guard let callback = filter.callbacks.onGRPCReceiveTrailingMetadata else { return }
        root.grpcCallOuts.trailingMetadata = trailers
        _ = vm.call(callback, root.id, id, UInt32(clamping: trailers.count), in: .root(root))
        root.grpcCallOuts.trailingMetadata = nil
    }

    /// `proxy_on_grpc_close`.
    private func tellEnd(
        _ end: GRPCCallOutEnd, _ id: UInt32, _ filter: FilterInstance, _ vm: ProxyWasmVM, _ root: RootContext
    ) {
        guard let callback = filter.callbacks.onGRPCClose else { return }
        root.status = CallStatus(code: end.status, message: end.message)
        _ = vm.call(callback, root.id, id, end.status, in: .root(root))
        root.status.message = ""
    }
}

extension GRPCCallOutPart {
    fileprivate var byteCount: Int {
        switch self {
        case .initialMetadata(let map): map.byteCount
        case .message(let message): message.count
        }
    }
}

/// Ends that are not the upstream's doing, with the status codes of gRPC; the first is Envoy's.
extension GRPCCallOutEnd {
    fileprivate static let timedOut = GRPCCallOutEnd(status: 14, message: "the call took too long")
    fileprivate static let tooLarge = GRPCCallOutEnd(status: 8, message: "the answer is too large")
    fileprivate static let withoutMessage = GRPCCallOutEnd(status: 13, message: "the answer has no message")
    fileprivate static let unavailable = GRPCCallOutEnd(status: 14)
}
