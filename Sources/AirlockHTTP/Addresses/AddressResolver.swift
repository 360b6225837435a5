/// Finds the addresses of a host name.
///
/// Every request asks it anew, and goes to an address of that very answer, after all of the answer was checked. Make one of your own for
/// service discovery:
///
///     let resolver = AddressResolver { name in try await registry.addresses(of: name) }
public struct AddressResolver: Sendable {
    private let lookup: @Sendable (String) async throws -> [IPAddress]
    /// Lookups that one grant can have under way, whatever its number of requests.
    let mostPerGrant: Int

    /// Makes a resolver.
    ///
    /// A grant can have as many lookups under way as requests. One that goes on although its request has ended counts until it ends, too,
    /// and a request that finds no place for its own fails with ``HTTPEgressResult/overloaded``.
    /// - Parameter lookup: gets the host name in lower case, without a dot at the end, and returns its addresses. Where it throws or
    ///   returns none, the guest's request fails with ``HTTPEgressResult/nameNotResolved``. It should end when its task is cancelled.
    public init(_ lookup: @escaping @Sendable (_ host: String) async throws -> [IPAddress]) {
        self.init(mostPerGrant: .max, lookup)
    }

    init(mostPerGrant: Int, _ lookup: @escaping @Sendable (_ host: String) async throws -> [IPAddress]) {
        self.mostPerGrant = mostPerGrant
        self.lookup = lookup
    }

    /// A resolver whose lookups block the thread that they run on.
    ///
    /// They run on 64 threads of the process that do nothing else. Such a lookup cannot be cancelled, so that it keeps its thread until it
    /// ends, whether anybody waits for it or not. One grant, with all grants that were narrowed from it, gets 16 of the threads at the
    /// most: names that are never resolved cost it its own lookups, and so one plugin of a policy those of the others. A request that finds
    /// no thread, since four grants have all of them or more than 64 lookups come at a time, fails with ``HTTPEgressResult/overloaded``.
    /// - Parameter lookup: as that of ``init(_:)``.
    public static func blocking(
        _ lookup: @escaping @Sendable (_ host: String) throws -> [IPAddress]
    ) -> AddressResolver {
        AddressResolver(mostPerGrant: LookupThreads.mostPerGrant) { name in
            try await LookupThreads.run { try lookup(name) }
        }
    }

    /// The system's resolver (`getaddrinfo`), which is a ``blocking(_:)`` one.
    ///
    /// It reads the system's files and its search domains as for any program: a rule for a name that is not fully qualified, such as
    /// `https://api`, may mean a host of the operator's domain.
    public static let system = AddressResolver.blocking { try SystemLookup.addresses(of: $0) }

    func addresses(of name: String) async throws -> [IPAddress] {
        try await lookup(name)
    }
}
