import AirlockHTTP
import NIOSSL

extension HTTPEgressClient {
    /// A client for which names have these addresses, and no others.
    convenience init(
        resolving names: [String: [String]], trusting roots: [NIOSSLCertificate] = [], idleTimeout: Duration? = nil
    ) {
        self.init(
            AddressResolver { name in (names[name] ?? []).compactMap { IPAddress($0) } }, trusting: roots,
            idleTimeout: idleTimeout)
    }

    convenience init(
        _ resolver: AddressResolver, trusting roots: [NIOSSLCertificate] = [], idleTimeout: Duration? = nil
    ) {
        var configuration = Configuration()
        if let idleTimeout { configuration.idleTimeout = idleTimeout }
        configuration.resolver = resolver
        configuration.tls.trustRoots = .certificates(roots)
        self.init(configuration)
    }
}
