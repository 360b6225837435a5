import Airlock
import Synchronization

/// The responses that one call of a plugin keeps, by handle. They end with the call.
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

    /// How many there are, and their bytes.
    var usage: (count: Int, bytes: Int) { state.withLock { ($0.responses.count, $0.bytes) } }

    /// Keeps a response; nil where the call had more of them than there are handles.
    func add(_ response: Response) -> Int32? {
        state.withLock { state in
            guard state.last < .max else { return nil }
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
        guard removed != nil else { throw Self.unknown(handle) }
    }

    private static func unknown(_ handle: Int32) -> HostError {
        HostError(.badArgument, "there is no HTTP response with the handle \(handle) in this call")
    }
}
