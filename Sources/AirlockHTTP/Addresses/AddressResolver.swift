import NIOCore
import NIOPosix
import Synchronization

/// Finds the addresses of a host name.
///
/// Every request asks it anew, and goes to an address of that very answer, after all of the answer was checked. Make one of your own for
/// service discovery:
///
///     let resolver = AddressResolver { name in try await registry.addresses(of: name) }
public struct AddressResolver: Sendable {
    private let lookup: @Sendable (String) async throws -> [IPAddress]

    /// Makes a resolver.
    /// - Parameter lookup: gets the host name in lower case, without a dot at the end, and returns its addresses. Where it throws or
    ///   returns none, the guest's request fails with ``HTTPEgressResult/nameNotResolved``. It should end when its task is cancelled.
    public init(_ lookup: @escaping @Sendable (_ host: String) async throws -> [IPAddress]) {
        self.lookup = lookup
    }

    func addresses(of name: String) async throws -> [IPAddress] {
        try await lookup(name)
    }

    /// The system's resolver (`getaddrinfo`), on a thread of its own while it blocks. At most 64 lookups run at a time in the process,
    /// counting those that nobody waits for any more; one more fails.
    public static let system = AddressResolver { name in
        guard SystemLookups.running.add(1, ordering: .relaxed).newValue <= SystemLookups.most else {
            SystemLookups.running.subtract(1, ordering: .relaxed)
            throw AddressLookupFailure()
        }
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let resolver = NIORandomizedDNSResolver(loop: loop)
        let promise = loop.makePromise(of: [IPAddress].self)
        let v6 = resolver.initiateAAAAQuery(host: name, port: 0)
        v6.and(resolver.initiateAQuery(host: name, port: 0)).whenComplete { result in
            SystemLookups.running.subtract(1, ordering: .relaxed)
            promise.completeWith(result.map { v6, v4 in (v4 + v6).compactMap { $0.ipAddress.flatMap(IPAddress.init) } })
        }
        // The lookup itself cannot be cancelled; whoever waits for it can. A promise drops what comes second.
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
        }
    }
}

private enum SystemLookups {
    static let most = 64
    static let running = Atomic<Int>(0)
}

private struct AddressLookupFailure: Error {}
