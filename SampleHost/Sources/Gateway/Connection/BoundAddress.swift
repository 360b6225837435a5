import NIOCore
import Synchronization

/// The address that a server got; can be awaited before it is known.
final class BoundAddress: Sendable {
    private enum State {
        case waiting([CheckedContinuation<ListenAddress?, Never>])
        case known(ListenAddress?)
    }

    private let state = Mutex(State.waiting([]))

    var value: ListenAddress? {
        get async {
            await withCheckedContinuation { continuation in
                let known: ListenAddress?? = state.withLock { state in
                    switch state {
                    case .known(let address):
                        return .some(address)
                    case .waiting(let others):
                        state = .waiting(others + [continuation])
                        return nil
                    }
                }
                if let known { continuation.resume(returning: known) }
            }
        }
    }

    func bind(_ address: SocketAddress?) {
        settle(
            address.flatMap { address in
                guard let host = address.ipAddress, let port = address.port else { return nil }
                return ListenAddress(host: host, port: port)
            })
    }

    /// The server ended; whoever still waits gets nil.
    func close() { settle(nil) }

    private func settle(_ address: ListenAddress?) {
        let waiting: [CheckedContinuation<ListenAddress?, Never>] = state.withLock { state in
            guard case .waiting(let waiting) = state else { return [] }
            state = .known(address)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: address) }
    }
}
