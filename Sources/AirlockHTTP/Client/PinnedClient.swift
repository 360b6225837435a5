import AsyncHTTPClient
import Synchronization

/// An HTTP client that can reach one host at one address only, for one grant, over one connection at a time: while no request has it, it is
/// one connection, or none.
final class PinnedClient: Sendable {
    struct Key: Hashable {
        /// Stands for the grant, and lives as long as the key so that no other grant can be taken for it.
        let grant: GrantUsage
        let host: EgressHost
        let address: IPAddress

        static func == (one: Key, other: Key) -> Bool {
            one.grant === other.grant && one.host == other.host && one.address == other.address
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(ObjectIdentifier(grant))
            hasher.combine(host)
            hasher.combine(address)
        }
    }

    let key: Key
    let http: HTTPClient
    /// What came over its connections.
    let received: ReceivedBytes

    init(_ key: Key, _ http: HTTPClient, _ received: ReceivedBytes) {
        self.key = key
        self.http = http
        self.received = received
    }
}

/// Counts what comes from a server, as HTTP has it: heads, bodies, and what is around and between them.
final class ReceivedBytes: Sendable {
    private let count = Atomic(0)

    func add(_ bytes: Int) {
        count.add(bytes, ordering: .relaxed)
    }

    /// How many bytes came since this was asked last.
    func take() -> Int {
        count.exchange(0, ordering: .relaxed)
    }
}
