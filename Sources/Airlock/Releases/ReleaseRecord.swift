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
    /// The most kept digests; beyond, those that were kept first are let go.
    package static let mostKept = 64
    /// The most bytes of a kept manifest and its path: the manifest's own limit and the system's.
    package static let mostManifestBytes = (64 << 10) + 4_096

    /// The digest of the version that serves; nil where none was promoted.
    package private(set) var promoted: String?
    /// What is kept of the manifest of the version that serves; nil where it was not loaded under a policy.
    package private(set) var promotedManifest: KeptManifest?
    /// The digests of other versions whose modules are kept, the last one first.
    package private(set) var kept: [String] = []
    /// The quarantined digests, the oldest first.
    package private(set) var quarantined: [Quarantine] = []

    /// A record that says nothing.
    package init() {}

    /// Makes a digest the one that serves. The one that served until now is kept.
    package mutating func promote(_ digest: String, manifest: KeptManifest? = nil) {
        promotedManifest = manifest
        let previous = promoted == digest ? nil : promoted
        promoted = digest
        kept.removeAll { $0 == digest }
        if let previous { keep(previous) }
    }

    /// Keeps a digest's module as well. The promoted one is kept anyway.
    package mutating func keep(_ digest: String) {
        guard digest != promoted else { return }
        kept.removeAll { $0 == digest }
        kept = Array(([digest] + kept).prefix(Self.mostKept))
    }

    /// Keeps no more than the last `count` digests, in addition to the promoted one.
    package mutating func keepLast(_ count: Int) {
        kept = Array(kept.prefix(max(0, count)))
    }

    /// Keeps a digest's module no longer. What serves stays.
    package mutating func letGo(_ digest: String) {
        kept.removeAll { $0 == digest }
    }

    /// Keeps the modules of digests no longer for which that holds. What serves stays.
    mutating func letGo(where isNotNeeded: (String) -> Bool) {
        kept.removeAll(where: isNotNeeded)
    }

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
    var modules: [String] { [promoted].compactMap(\.self) + kept }

    init(promoted: String?, manifest: KeptManifest?, kept: [String], quarantined: [Quarantine]) {
        self.promoted = promoted
        promotedManifest = manifest
        self.kept = kept
        self.quarantined = quarantined
    }

    /// What is expected and what came, if a list is too long or something that should be a digest is none.
    var mistake: (expected: String, found: String)? {
        guard kept.count <= Self.mostKept else {
            return ("at most \(Self.mostKept) kept digests", "\(kept.count)")
        }
        guard quarantined.count <= Self.mostQuarantined else {
            return ("at most \(Self.mostQuarantined) quarantined digests", "\(quarantined.count)")
        }
        if case .file(let path, let text) = promotedManifest {
            let size = path.utf8.count + text.utf8.count
            guard size <= Self.mostManifestBytes else {
                return ("at most \(Self.mostManifestBytes) bytes of a manifest and its path", "\(size)")
            }
        }
        let digests = modules + quarantined.map(\.digest)
        guard let wrong = digests.first(where: { !Self.isDigest($0) }) else { return nil }
        return ("digests of 64 lower-case hexadecimal digits", LogText.quoted(Array(wrong.utf8)))
    }

    static func isDigest(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
