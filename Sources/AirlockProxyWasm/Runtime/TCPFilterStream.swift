/// One connection on its way through a chain of filters.
///
///     let connection = await chain.openConnection(attributes)
///     try await connection.begin()
///     // In one task, what comes from the client, and at its end `finish()`:
///     try await connection.downstream.send(bytes)
///     // In another one, what goes to the upstream:
///     for try await bytes in connection.downstream { … }
///     // The same for `connection.upstream`, and when both have ended, or one has thrown:
///     await connection.finish()
///
/// Each call hops to the connection's worker loop. A task that is cancelled while it waits ends the connection as ``cancel()`` does. End
/// every connection with ``finish(closedBy:)``; one that is let go without is ended without a report.
public final class TCPFilterStream: Sendable {
    /// What the client sends, through the filters in their order.
    public let downstream: FilteredBytes
    /// What the upstream sends, through the filters in reverse order.
    public let upstream: FilteredBytes
    private let handle: StreamHandle

    init(_ handle: StreamHandle) {
        self.handle = handle
        downstream = FilteredBytes(handle: handle, direction: .request)
        upstream = FilteredBytes(handle: handle, direction: .response)
    }

    /// Shows the connection to the filters, and waits while one of them holds it back. Call it once, and connect to the upstream
    /// afterwards: nothing may be sent before.
    /// - Throws: why the connection is not to be: close it.
    public func begin() async throws(ConnectionClosure) {
        guard let loop = handle.loop else { throw ConnectionClosure(details: "shutting_down") }
        let id = handle.id
        if let answer = await loop.run({ $0.begin(id) }) { return try answer.get() }
        try await loop.waitForBegin(id).get()
    }

    /// Tells filters about the upstream, before its first bytes.
    public func setUpstream(_ upstream: UpstreamAttributes) async { await handle.setUpstream(upstream) }

    /// What a filter set with the foreign function `set_envoy_filter_state`; nil where none set that.
    public func filterState(_ key: String) async -> [UInt8]? { await handle.filterState(key) }

    /// Ends the connection, whatever its state: each filter's `proxy_on_downstream_connection_close`, then `proxy_on_done`,
    /// `proxy_on_log` and `proxy_on_delete`.
    /// - Returns: What the filters used; an empty report when the connection was ended before.
    @discardableResult
    public func finish(closedBy peer: ConnectionPeer = .local) async -> StreamReport { await handle.finish(by: peer) }

    /// Tells the filters' host that the client went away: calls that wait return at once, by throwing. Call ``finish(closedBy:)`` all the
    /// same.
    public func cancel() { handle.submit { $0.cancel($1) } }

    /// Tells the filters' host that the upstream went away otherwise than by an end; as ``cancel()``. What has passed the filters can still
    /// be taken.
    public func cancelUpstream() { handle.submit { $0.cancelUpstream($1) } }
}

/// What one side of a connection sends: bytes go in with ``send(_:)``, and what filters made of them comes out as elements.
///
/// Filters may hold bytes back and let go of them at any time. Not more than ``ProxyWasmRuntimeLimits/bodyBytes`` wait in it: then
/// ``send(_:)`` waits, so that the side is not read meanwhile.
public struct FilteredBytes: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = ConnectionClosure

    fileprivate let handle: StreamHandle
    fileprivate let direction: Direction

    init(handle: StreamHandle, direction: Direction) {
        self.handle = handle
        self.direction = direction
    }

    /// Hands bytes to the filters. It returns when they have seen them, and not when they let go of them.
    /// - Throws: why the connection does not go on. ``ConnectionClosure/details`` is `buffer_limit` where a filter holds back more than
    ///   ``ProxyWasmRuntimeLimits/bodyBytes``, and `pause_deadline` where it does not make room within
    ///   ``FilterConfiguration/pauseDeadline``.
    public func send(_ bytes: [UInt8]) async throws(ConnectionClosure) {
        try await send(bytes, endOfStream: false)
    }

    /// Says that the side sends nothing more. The other one may go on.
    public func finish() async throws(ConnectionClosure) {
        try await send([], endOfStream: true)
    }

    private func send(_ bytes: [UInt8], endOfStream: Bool) async throws(ConnectionClosure) {
        guard let loop = handle.loop else { throw ConnectionClosure(details: "shutting_down") }
        let (id, direction) = (handle.id, direction)
        if let answer = await loop.run({ $0.send(id, direction, bytes, endOfStream: endOfStream) }) {
            return try answer.get()
        }
        try await loop.waitToSend(id, direction, bytes, endOfStream: endOfStream).get()
    }

    public func makeAsyncIterator() -> Iterator { Iterator(handle: handle, direction: direction) }

    /// Takes what has passed the filters: bytes to send on, never empty, and nil when the side has ended. One task may do so at a time.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let handle: StreamHandle
        fileprivate let direction: Direction

        /// - Throws: why the connection does not go on, after everything that had passed the filters.
        public mutating func next() async throws(ConnectionClosure) -> [UInt8]? {
            try await next(isolation: nil)
        }

        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(ConnectionClosure) -> [UInt8]? {
            guard let loop = handle.loop else { throw ConnectionClosure(details: "shutting_down") }
            let (id, direction) = (handle.id, direction)
            var answer = await loop.run { $0.receive(id, direction) }
            if answer == nil { answer = await loop.waitToReceive(id, direction) }
            guard let bytes = try answer?.get(), !bytes.isEmpty else { return nil }
            return bytes
        }
    }
}
