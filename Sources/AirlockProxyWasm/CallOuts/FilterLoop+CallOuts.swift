import Airlock
import WorkerLoop

/// Sending the HTTP calls of filters, and telling them what came of it.
extension FilterLoop {
    /// Begins a call. It ends when its answer is there, when its time has passed, or with its root context.
    func begin(_ call: HTTPCallOuts.Asked) {
        guard let client = callOuts else { return }
        let (id, serial, worker) = (call.id, call.root.serial, worker)
        let task = Task { [weak self, upstream = call.upstream, request = call.request] in
            let response = try? await client.send(request, to: upstream)
            let isTooLarge = response.map { $0.body.count > request.responseBytes } ?? false
            worker.submit { [weak self] in
                self?.assumeIsolated { $0.answer(id, isTooLarge ? nil : response, of: serial) }
            }
        }
        let timer = try? worker.schedule(after: call.request.timeout) { [weak self] in
            self?.assumeIsolated { $0.answer(id, nil, of: serial) }
        }
        call.root.callOuts.began(id, task, timer: timer)
    }

    /// `proxy_on_http_call_response`.
    /// - Parameters:
    ///   - response: nil where the call failed.
    ///   - serial: the root context's.
    private func answer(_ id: UInt32, _ response: HTTPCallOutResponse?, of serial: UInt64) {
        guard let filter = filters.first(where: { $0.root?.serial == serial }), let (vm, root) = filter.home,
            root.callOuts.contains(id)
        else { return }
        // It would be cut at once.
        guard filter.refusal == nil else {
            // Nobody waits for an answer that would come now.
            if response == nil { root.callOuts.stop(id) }
            return answerLater(id, response, of: root, after: filter.pauseWhileRefused)
        }
        root.callOuts.end(id)
        try? filter.version.quota?.charge(response?.byteCount ?? 0, to: .egressBytes)
        guard let callback = filter.callbacks.onHTTPCallResponse else { return }
        if response == nil { root.status = .httpCallFailed }
        root.callOuts.response = response ?? HTTPCallOutResponse(headers: HeaderMap())
        _ = vm.call(
            callback, root.id, id,
            UInt32(clamping: response?.headers.count ?? 0),
            UInt32(clamping: response?.body.count ?? 0),
            UInt32(clamping: response?.trailers.count ?? 0),
            in: .root(root))
        root.callOuts.response = nil
        root.status.message = ""
        settle()
    }

    private func answerLater(
        _ id: UInt32, _ response: HTTPCallOutResponse?, of root: RootContext, after pause: Duration
    ) {
        let timer = try? worker.schedule(after: pause) { [weak self, serial = root.serial] in
            self?.assumeIsolated { $0.answer(id, response, of: serial) }
        }
        root.callOuts.postpone(id, timer)
    }
}

extension HTTPCallOutResponse {
    fileprivate var byteCount: Int { headers.byteCount + body.count + trailers.byteCount }
}
