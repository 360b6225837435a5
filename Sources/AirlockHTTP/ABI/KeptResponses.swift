import Airlock
import Synchronization

/// The responses that one call of a plugin keeps, by handle. They end with the call, and with them their bytes in the grant's account.
final class KeptResponses: Sendable {
    struct Response: Sendable {
        var status: UInt32
        var head: [UInt8]
        var body: [UInt8]

        var count: Int { head.count + body.count }
    }

    private struct State {
        var responses: [Int32: Response] = [:]
        var bytes = 0
        var last: Int32 = 0
    }

    private let state = Mutex(State())
    private let inAll: Slots

    /// - Parameter inAll: the bytes that all calls can keep.
    init(_ inAll: Slots) {
        self.inAll = inAll
    }

    deinit {
        inAll.release(state.withLock(\.bytes))
    }

    /// How many there are, and their bytes.
    var usage: (count: Int, bytes: Int) { state.withLock { ($0.responses.count, $0.bytes) } }

    /// Keeps a response; nil where all calls keep too much, or where the call had more of them than there are handles.
    func add(_ response: Response) -> Int32? {
        state.withLock { state in
            guard state.last < .max, inAll.take(response.count) else { return nil }
            state.last += 1
            state.responses[state.last] = response
            state.bytes += response.count
            return state.last
        }
    }

    func response(_ handle: Int32) throws(HostError) -> Response {
        guard let response = state.withLock({ $0.responses[handle] }) else { throw Self.unknown(handle) }
        return response
    }

    func remove(_ handle: Int32) throws(HostError) {
        let removed = state.withLock { state in
            let removed = state.responses.removeValue(forKey: handle)
            state.bytes -= removed?.count ?? 0
            return removed
        }
        guard let removed else { throw Self.unknown(handle) }
        inAll.release(removed.count)
    }

    private static func unknown(_ handle: Int32) -> HostError {
        HostError(.badArgument, "there is no HTTP response with the handle \(handle) in this call")
    }
}
