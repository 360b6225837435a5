package import FoundationEssentials

/// What is to be known about the releases of a plugin after the host was started again.
///
/// It only keeps lists. Which digest may be promoted, and whether a promoted one can be quarantined, is decided elsewhere.
package struct ReleaseRecord: Sendable, Hashable {
    /// A digest that must not be loaded until somebody readmits it.
    package struct Quarantine: Sendable, Hashable {
        /// SHA-256 of the module, in lower-case hexadecimal.
        package let digest: String
        /// Why, in at most 1,000 bytes.
        package let reason: String
        /// When it began, in whole seconds.
        package let since: Date
    }

    /// The most quarantined digests; beyond, the oldest are let go.
    package static let mostQuarantined = 64
    /// The most digests in each list of modules; beyond, the oldest are let go.
    package static let mostKept = 64
    /// The most bytes of a kept manifest and its path: the manifest's own limit and the system's.
    package static let mostManifestBytes = (64 << 10) + 4_096
    /// The most bytes of all kept manifests; beyond, those of the oldest versions are let go.
    package static let mostManifestsBytes = 512 << 10

    /// The digest of the version that serves; nil where none was promoted.
    package private(set) var promoted: String?
    /// The digests of versions that served before and can be gone back to, the last one first.
    package private(set) var kept: [String] = []
    /// The digests of versions that have not served: they are being made, are tried, or wait to be promoted; the last one first.
    package private(set) var made: [String] = []
    /// What is kept of the manifests of versions that served, by digest; none of those that were not loaded under a policy.
    package private(set) var manifests: [String: KeptManifest] = [:]
    /// The quarantined digests, the oldest first.
    package private(set) var quarantined: [Quarantine] = []

    /// A record that says nothing.
    package init() {}

    /// What is kept of the manifest of the version that serves.
    package var promotedManifest: KeptManifest? { promoted.flatMap { manifests[$0] } }

    /// Makes a digest the one that serves. The one that served until now is kept.
    package mutating func promote(_ digest: String, manifest: KeptManifest? = nil) {
        let previous = promoted == digest ? nil : promoted
        promoted = digest
        made.removeAll { $0 == digest }
        kept.removeAll { $0 == digest }
        if let previous { kept = Array(([previous] + kept).prefix(Self.mostKept)) }
        manifests[digest] = manifest
        forgetManifests()
    }

    /// Keeps the module of a digest that has not served. That of one that has is kept anyway.
    package mutating func keep(_ digest: String) {
        guard digest != promoted, !kept.contains(digest) else { return }
        made.removeAll { $0 == digest }
        made = Array(([digest] + made).prefix(Self.mostKept))
    }

    /// Keeps the modules of digests no longer for which that holds. What serves stays.
    package mutating func letGo(where isNotNeeded: (String) -> Bool) {
        kept.removeAll(where: isNotNeeded)
        made.removeAll(where: isNotNeeded)
        forgetManifests()
    }

    private mutating func forgetManifests() {
        let served = [promoted].compactMap(\.self) + kept
        manifests = manifests.filter { served.contains($0.key) }
        for digest in kept.reversed() where manifestsBytes > Self.mostManifestsBytes { manifests[digest] = nil }
    }

    private var manifestsBytes: Int { manifests.values.reduce(0) { $0 + $1.byteCount } }

    /// Quarantines a digest; one that is quarantined already gets the new reason and time. It is neither let go nor replaced.
    package mutating func quarantine(_ digest: String, reason: String, at time: Date = .now) {
        let reason = LogText.make(Array(reason.utf8), atMost: 1_000).text
        let since = Date(timeIntervalSince1970: time.timeIntervalSince1970.rounded(.down))
        quarantined.removeAll { $0.digest == digest }
        quarantined.append(Quarantine(digest: digest, reason: reason, since: since))
        quarantined = quarantined.suffix(Self.mostQuarantined)
    }

    /// Ends a quarantine.
    package mutating func readmit(_ digest: String) {
        quarantined.removeAll { $0.digest == digest }
    }

    /// The quarantine of a digest; nil where it is not quarantined.
    package func quarantine(of digest: String) -> Quarantine? {
        quarantined.first { $0.digest == digest }
    }

    /// The digests whose modules must be there.
    var modules: [String] { [promoted].compactMap(\.self) + kept + made }

    init(
        promoted: String?, kept: [String], made: [String], manifests: [String: KeptManifest], quarantined: [Quarantine]
    ) {
        self.promoted = promoted
        self.kept = kept
        self.made = made
        self.manifests = manifests
        self.quarantined = quarantined
    }

    /// What is expected and what came, if a list is too long or something that should be a digest is none.
    var mistake: (expected: String, found: String)? {
        for count in [kept.count, made.count] where count > Self.mostKept {
            return ("at most \(Self.mostKept) kept digests", "\(count)")
        }
        guard quarantined.count <= Self.mostQuarantined else {
            return ("at most \(Self.mostQuarantined) quarantined digests", "\(quarantined.count)")
        }
        for size in manifests.values.map(\.byteCount) where size > Self.mostManifestBytes {
            return ("at most \(Self.mostManifestBytes) bytes of a manifest and its path", "\(size)")
        }
        guard manifestsBytes <= Self.mostManifestsBytes else {
            return ("at most \(Self.mostManifestsBytes) bytes of manifests", "\(manifestsBytes)")
        }
        let digests = modules + manifests.keys + quarantined.map(\.digest)
        guard let wrong = digests.first(where: { !Self.isDigest($0) }) else { return nil }
        return ("digests of 64 lower-case hexadecimal digits", LogText.quoted(Array(wrong.utf8)))
    }

    static func isDigest(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
