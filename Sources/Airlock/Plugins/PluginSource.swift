/// Where a plugin's module comes from, and what the embedder says about it.
///
///     .file("plugin.wasm")
///     .file("plugin.wasm").pinned(sha256: "9f86d081884c7d65…")     // these bytes and no others
///     .file("plugin.wasm").signed(by: [key])                       // only what the key's owner signed
///     .file("our-own.wasm").trusted()                              // compiled in the host's own process
///
/// What is said goes with the source: a reload from the same source, a watched one too, is held to the same digest and the same keys.
///
/// ## Topics
/// ### Where it is
/// - ``file(_:)``
/// - ``bytes(_:)``
/// - ``wat(_:)``
/// - ``versions(in:)``
/// ### What is said about it
/// - ``pinned(sha256:)``
/// - ``signed(by:detachedSignature:)``
/// - ``trusted()``
public struct PluginSource: Sendable, Hashable {
    /// Where a module is.
    public enum Origin: Sendable, Hashable {
        /// A file with a binary module, by its path.
        case file(String)
        /// A binary module.
        case bytes([UInt8])
        /// A module in the WebAssembly text format.
        case wat(String)
        /// A folder of versions of one plugin, by its path; see ``PluginSource/versions(in:)``.
        case versions(String)
    }

    /// Where the module is.
    public var origin: Origin

    /// The SHA-256 that the module's bytes must have, in hexadecimal; nil where any will do.
    public var pinnedDigest: String?

    /// The keys of which one must have signed the module; nil where it need not be signed, unless a policy demands it.
    public var signers: Set<ModuleVerificationKey>?

    /// Signatures that are neither in the module nor in a file beside it; nil where there are none.
    public var detachedSignature: [UInt8]?

    /// Whether the module may be compiled in the host's own process.
    public var trust: ModuleTrust

    /// Where a module that is handed over as bytes comes from, for those who operate the plugin: the URL of one that was fetched. Of a file it
    /// is the path. See ``PluginVersion/place``.
    public var place: String?

    /// Makes a source.
    public init(
        _ origin: Origin, pinnedDigest: String? = nil, signers: Set<ModuleVerificationKey>? = nil,
        detachedSignature: [UInt8]? = nil, trust: ModuleTrust = .untrusted, place: String? = nil
    ) {
        self.origin = origin
        self.pinnedDigest = pinnedDigest
        self.signers = signers
        self.detachedSignature = detachedSignature
        self.trust = trust
        self.place = place
    }

    /// A file with a binary module, by its path.
    public static func file(_ path: String) -> PluginSource { PluginSource(.file(path)) }

    /// A binary module.
    public static func bytes(_ bytes: [UInt8]) -> PluginSource { PluginSource(.bytes(bytes)) }

    /// A module in the WebAssembly text format, for tests and examples.
    public static func wat(_ text: String) -> PluginSource { PluginSource(.wat(text)) }

    /// The same source, but no module is accepted whose bytes have another digest. It is checked before anything else is done with the
    /// bytes; another digest is refused with ``PluginError/Code/digestMismatch``, which shows both.
    ///
    /// - Parameter digest: the SHA-256 of the module in its binary form: 64 hexadecimal digits in upper or lower case. Anything
    ///   else is refused at load with ``PluginError/Code/configuration``.
    public func pinned(sha256 digest: String) -> PluginSource {
        var source = self
        source.pinnedDigest = digest
        return source
    }

    /// The same source, but no module is accepted that none of the keys signed, as a whole and as it is. It is checked after the digest and
    /// before anything else is done with the bytes; what is not signed is refused with ``PluginError/Code/signatureRefused``.
    ///
    /// The signature is in the module, or else in the file beside it: for `cart.wasm` in `cart.wasm.sig`. See ``ModuleSignatures``. A
    /// watched plugin is reloaded when either file changes. Where both change, the one that is written first is refused, as an event,
    /// and the other one brings the new version: write the signature into the module, or its file first, to be done with one look.
    ///
    /// A policy that demands signatures (``PluginPolicy/signers``) is asked as well, whatever is said here.
    ///
    /// - Parameters:
    ///   - keys: at least one; none is refused at load with ``PluginError/Code/configuration``.
    ///   - detachedSignature: signatures that count in place of a file beside the module, for a module that has none in it. They are those
    ///     of one version only.
    public func signed(
        by keys: some Sequence<ModuleVerificationKey>, detachedSignature: [UInt8]? = nil
    ) -> PluginSource {
        var source = self
        source.signers = Set(keys)
        source.detachedSignature = detachedSignature
        return source
    }

    /// The same source, declared to be as trustworthy as the host's own code. See ``ModuleTrust``.
    public func trusted() -> PluginSource {
        var source = self
        source.trust = .trusted
        return source
    }
}

/// Whether a module may be compiled in the host's own process.
///
/// It is about compiling only: a trusted module runs under the same limits as any other, with nothing but what it was granted.
public enum ModuleTrust: Sendable, Hashable {
    /// The module may have been written to take minutes and gigabytes to compile. It is compiled where
    /// ``PluginHostConfiguration/compilation`` says.
    case untrusted
    /// The embedder knows who wrote the module. It is compiled in the host's own process, which starts faster and uses all cores, and
    /// which nothing can stop once it began. Its bounds (``PluginLimits/module``) are checked all the same.
    case trusted
}
