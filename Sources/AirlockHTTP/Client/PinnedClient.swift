import AsyncHTTPClient

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

    init(_ key: Key, _ http: HTTPClient) {
        self.key = key
        self.http = http
    }
}
