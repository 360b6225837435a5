public import Airlock
import NIOCore

/// A plugin's module on an HTTP server, and the digest that it must have.
///
///     let remote = try RemoteModule("https://plugins.example/cart.wasm", digest: .published, client: client)
///     let plugin = try await host.load(try await remote.fetch(), name: "cart")
///     try await remote.follow(plugin.releases, every: .seconds(30)) { logger.warning("\($0)") }
///
/// Nothing is loaded whose SHA-256 is not the expected one. A pinned digest comes from the program, so that it matters neither who the
/// server is nor what is on the way. A published one comes from the server: whoever can write there, or speak for it, decides what runs,
/// unless ``Configuration/signers`` are named.
///
/// Requests go to any address that the URL's host has, private ones too, and follow redirects to other hosts, but none from `https` to
/// `http`. With a published digest `http` is for loopback addresses only. Nothing is decompressed, and a proxy is not asked.
///
/// ## Topics
/// ### Loading it
/// - ``fetch()``
/// ### Following it
/// - ``follow(_:every:onFailure:)``
public struct RemoteModule: Sendable {
    /// Where the digest comes from.
    public enum Digest: Sendable, Hashable {
        /// From the program: 64 hexadecimal digits, in either case. There is no other version to follow.
        case pinned(String)
        /// From the server: the file with `.sha256` behind the module's path. It has one line: 64 hexadecimal digits, with a name behind
        /// them or not, as `sha256sum` writes it. The name is not looked at.
        ///
        /// Publish the module first, then its digest. In between, the module's bytes have not the published digest, and are refused.
        case published
    }

    /// Bounds of what a server may send and of the time that it may take, and what is said about the module.
    public struct Configuration: Sendable {
        /// Bytes of the module, as they come. 32 MiB by default, as ``ModuleBounds/moduleBytes``, which count as well.
        public var moduleBytes = 32 << 20
        /// Time of all requests of one ``RemoteModule/fetch()``, or of one look while following: digest, module, signature and their
        /// redirects. More than zero; 60 seconds by default.
        public var timeout = Duration.seconds(60)
        /// Redirects of one request that are followed, 0 to 20. 5 by default.
        public var redirects = 5
        /// The longest time between two looks after failures, unless the usual one is longer; a server's `Retry-After` counts up to it. At
        /// most 24 hours; 10 minutes by default.
        public var longestWait = Duration.seconds(600)
        /// The keys of which one must have signed the module; nil where it need not be signed. The signature is in the module, or else in
        /// the file with `.sig` behind the module's path, which must be there before the digest is published. See
        /// ``PluginSource/signed(by:detachedSignature:)``.
        public var signers: Set<ModuleVerificationKey>?
        /// Whether the module may be compiled in the host's own process.
        public var trust = ModuleTrust.untrusted

        /// The defaults.
        public init() {}
    }

    let configuration: Configuration
    let files: RemoteFiles
    let download: RemoteDownload
    /// The digest that the program gave, in lower case.
    let pinned: String?

    /// Names a module. Nothing is asked of the server yet.
    /// - Parameters:
    ///   - url: where the module is: `https` or `http`, without user information. Its query goes with each request, those for the digest
    ///     and the signature too, and is in no error.
    ///   - digest: the digest that it must have.
    ///   - configuration: bounds, and what is said about the module.
    ///   - client: what connects. It has the resolver and the settings of TLS, and must not be shut down before.
    /// - Throws: ``RemoteModuleError/Code/configuration``.
    public init(
        _ url: String, digest: Digest, configuration: Configuration = Configuration(), client: HTTPEgressClient
    ) throws(RemoteModuleError) {
        files = try RemoteFiles(url)
        try configuration.check(for: files.module)
        self.configuration = configuration
        pinned =
            switch digest {
            case .pinned(let text): try Self.digits(of: text, for: files.module)
            case .published: nil
            }
        if pinned == nil || configuration.signers != nil { try files.checkHasName() }
        download = RemoteDownload(
            client: client, redirects: configuration.redirects, allowsPlainText: pinned != nil)
    }

    /// Fetches the module: all of its bytes, which have the expected digest.
    ///
    /// It ends when its task is cancelled. The source that comes back can be said more about, and fits a reload as well.
    /// - Returns: the bytes, pinned to their digest.
    /// - Throws: what was expected and what came.
    public func fetch() async throws(RemoteModuleError) -> PluginSource {
        try await inTime { try await source(with: try await publication(since: nil).digest) }
    }

    /// Runs `body` for as long as requests may take, on no executor of the caller's.
    func inTime<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws(RemoteModuleError) -> Value {
        do {
            return try await within(configuration.timeout, on: download.client.eventLoops.any(), body)
        } catch let error as RemoteModuleError {
            throw error
        } catch {
            throw RemoteModuleError(
                .timedOut, files.module, "was not fetched within \(configuration.timeout)")
        }
    }

    /// The digest that the module must have now.
    func publication(since known: Publication?) async throws -> Publication {
        if let pinned { return Publication(digest: pinned, tag: nil) }
        let url = files.digest
        switch try await download.get(url, most: Publication.mostBytes, unless: known?.tag) {
        case .file(let bytes, let tag): return Publication(digest: try Publication.digest(in: bytes, of: url), tag: tag)
        case .unchanged:
            guard let known else {
                throw RemoteModuleError(.status, url, "answered 304 to a request without a condition")
            }
            return known
        }
    }

    /// The module, if it has that digest.
    func source(with digest: String) async throws -> PluginSource {
        let bytes = try await download.get(files.module, most: configuration.moduleBytes)
        let found = try ModuleBytes(.bytes(bytes), most: .max).digest
        guard found == digest else {
            throw RemoteModuleError(
                .digestMismatch, files.module, "has the SHA-256 \(found) in \(bytes.count) bytes, expected \(digest)")
        }
        var source = PluginSource(
            .bytes(bytes), pinnedDigest: digest, trust: configuration.trust, place: files.module.withoutQuery)
        if let signers = configuration.signers {
            source = source.signed(by: signers, detachedSignature: try await signature())
        }
        return source
    }

    /// The file with the signature; nil where there is none.
    private func signature() async throws -> [UInt8]? {
        do {
            // As many as a signature's reader takes, which refuses one byte more.
            return try await download.get(files.signature, most: 64 << 10)
        } catch let error as RemoteModuleError where [404, 410].contains(error.status) {
            return nil
        }
    }

    private static func digits(of text: String, for url: EgressURL) throws(RemoteModuleError) -> String {
        guard text.utf8.count == 64, text.utf8.allSatisfy(\.isHexDigit) else {
            throw RemoteModuleError(
                .configuration, url, "is pinned to the SHA-256 '\(text.printable)', expected 64 hexadecimal digits")
        }
        return text.lowercased()
    }
}

extension RemoteModule.Configuration {
    static let longestInterval = Duration.seconds(24 * 3_600)

    fileprivate func check(for url: EgressURL) throws(RemoteModuleError) {
        guard moduleBytes > 0, timeout > .zero, (0...20).contains(redirects),
            (.zero...Self.longestInterval).contains(longestWait)
        else {
            throw RemoteModuleError(
                .configuration, url,
                "may have \(moduleBytes) bytes, \(timeout) of time, \(redirects) redirects and waits of \(longestWait); expected more than "
                    + "zero bytes, more than no time, 0 to 20 redirects, and waits of zero to 24 hours")
        }
        guard signers?.isEmpty != true else {
            throw RemoteModuleError(.configuration, url, "must be signed by one of no keys, expected at least one")
        }
    }
}
