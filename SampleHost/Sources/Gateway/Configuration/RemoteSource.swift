import Airlock
import AirlockHTTP
import NIOSSL

/// A module of a filter on an HTTP server, in place of a file.
///
/// With a pinned digest (`PluginSource.pinnedDigest`) that module is fetched and no other one; without, the one whose digest is published
/// beside it, at the URL with `.sha256` behind its path. `RemoteModule` of `AirlockHTTP` says what a server may do.
public struct RemoteSource: Sendable, Hashable {
    /// Where the module is: `https`; `http` with a pinned digest, or for loopback addresses.
    public var url: String
    /// The time between two looks for another published digest, more than zero, at most 24 hours; `nil` to follow none.
    public var interval: Duration?
    /// How long the server may take for one look or one fetch, more than zero.
    public var timeout: Duration
    /// Redirects that are followed, 0 to 20; none leads from `https` to `http`.
    public var redirects: Int
    /// The path of a PEM file with the certificates of the authorities that are trusted to name the server, in place of the system's; `nil` for
    /// those.
    public var authorities: String?

    /// A source with the defaults of the configuration reference.
    public init(
        url: String, interval: Duration? = nil, timeout: Duration = .seconds(60), redirects: Int = 5,
        authorities: String? = nil
    ) {
        self.url = url
        self.interval = interval
        self.timeout = timeout
        self.redirects = redirects
        self.authorities = authorities
    }

    /// What connects to servers whose certificates those authorities signed.
    /// - Parameter authorities: the path of their certificates; `nil` for the system's.
    static func client(trusting authorities: String?) throws(GatewayError) -> HTTPEgressClient {
        var configuration = HTTPEgressClient.Configuration()
        if let authorities {
            guard let certificates = try? NIOSSLCertificate.fromPEMFile(authorities), !certificates.isEmpty else {
                throw GatewayError(reasons: ["expected a PEM file with certificates, found none at \(authorities)"])
            }
            configuration.tls.trustRoots = .certificates(certificates)
        }
        return HTTPEgressClient(configuration)
    }

    /// The module, which nothing is asked of yet.
    /// - Parameters:
    ///   - filter: what is said of its source, but for where that is.
    ///   - signers: whose signatures it may have; a signature that is not in it must come along.
    ///   - most: the most bytes that it may have.
    func module(
        of filter: PluginSource, signers: Set<ModuleVerificationKey>?, atMost most: Int, client: HTTPEgressClient
    ) throws(RemoteModuleError) -> RemoteModule {
        var configuration = RemoteModule.Configuration()
        configuration.moduleBytes = most
        configuration.timeout = timeout
        configuration.redirects = redirects
        configuration.signers = signers
        configuration.trust = filter.trust
        return try RemoteModule(
            url, digest: filter.pinnedDigest.map { .pinned($0) } ?? .published, configuration: configuration,
            client: client)
    }
}
