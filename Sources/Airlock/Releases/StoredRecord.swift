import FoundationEssentials

/// A record as it is written: JSON, so that an operator can read it without this program.
struct StoredRecord: Codable {
    /// Why a file is not a record.
    struct Damage: Error {
        let expected: String
        let found: String
    }

    private struct Quarantine: Codable {
        let digest: String
        let reason: String
        let since: Date
    }

    /// What every version of the format has.
    private struct Head: Decodable {
        let format: Int
    }

    /// A manifest of a version that was loaded under a policy.
    private struct Manifest: Codable {
        enum Place: String, Codable {
            case absent, module, given, file
        }

        let place: Place
        var path: String?
        var text: String?

        init(_ manifest: KeptManifest) {
            switch manifest {
            case .absent: place = .absent
            case .module: place = .module
            case .given: place = .given
            case .file(let path, let text): (place, self.path, self.text) = (.file, path, text)
            }
        }

        func kept() throws(Damage) -> KeptManifest {
            switch place {
            case .absent: return .absent
            case .module: return .module
            case .given: return .given
            case .file:
                guard let path, let text else {
                    throw Damage(expected: "the path and the text of a manifest that was a file", found: "less")
                }
                return .file(path: path, text: text)
            }
        }
    }

    /// The most bytes of a record: more than one with all that it may have, of which each byte may take six.
    static let mostBytes = 4 << 20
    /// The second format has a manifest. A record without one is written in the first, which earlier versions of Airlock read, too.
    private static let formats = 1...2

    private let format: Int
    /// For people; the file is found by the digest of the name.
    private let plugin: String
    private let promoted: String?
    /// That of the promoted version.
    private let manifest: Manifest?
    private let kept: [String]
    /// Those of kept versions; earlier versions of Airlock wrote none.
    private let manifests: [String: Manifest]?
    /// Earlier versions of Airlock had them among the kept ones.
    private let made: [String]?
    private let quarantined: [Quarantine]

    init(_ record: ReleaseRecord, of plugin: String) {
        format = record.manifests.isEmpty ? 1 : 2
        self.plugin = Self.readable(plugin)
        promoted = record.promoted
        manifest = record.promotedManifest.map(Manifest.init)
        kept = record.kept
        let others = record.manifests.filter { $0.key != record.promoted }
        manifests = others.isEmpty ? nil : others.mapValues(Manifest.init)
        made = record.made.isEmpty ? nil : record.made
        quarantined = record.quarantined.map { Quarantine(digest: $0.digest, reason: $0.reason, since: $0.since) }
    }

    /// A name that is as long as it likes, cut.
    private static func readable(_ plugin: String) -> String { LogText.make(Array(plugin.utf8), atMost: 200).text }

    func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.dateEncodingStrategy = .iso8601
        return Array(try encoder.encode(self)) + [0x0A]
    }

    /// - Parameter plugin: whose record it must be; nil where anybody's will do.
    static func record(_ json: [UInt8], of plugin: String?) throws(Damage) -> ReleaseRecord {
        guard json.count <= mostBytes else {
            throw Damage(expected: "at most \(mostBytes) bytes", found: "more")
        }
        guard !json.isEmpty else { throw Damage(expected: "JSON", found: "an empty file") }
        let head = try decoded(Head.self, json)
        guard formats.contains(head.format) else {
            throw Damage(expected: "a format from 1 to 2", found: "\(head.format)")
        }
        let stored = try decoded(StoredRecord.self, json)
        if let plugin, Array(stored.plugin.utf8) != Array(readable(plugin).utf8) {
            throw Damage(
                expected: "the record of '\(readable(plugin))'",
                found: "that of \(LogText.quoted(Array(stored.plugin.utf8)))"
            )
        }
        var manifests: [String: KeptManifest] = [:]
        for (digest, manifest) in stored.manifests ?? [:] { manifests[digest] = try manifest.kept() }
        if let promoted = stored.promoted { manifests[promoted] = try stored.manifest?.kept() }
        let record = ReleaseRecord(
            promoted: stored.promoted,
            kept: stored.kept,
            made: stored.made ?? [],
            manifests: manifests,
            quarantined: stored.quarantined.map { .init(digest: $0.digest, reason: $0.reason, since: $0.since) }
        )
        if let mistake = record.mistake { throw Damage(expected: mistake.expected, found: mistake.found) }
        return record
    }

    private static func decoded<Value: Decodable>(_ type: Value.Type, _ json: [UInt8]) throws(Damage) -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        do {
            return try decoder.decode(type, from: Data(json))
        } catch {
            throw Damage(expected: "a record of releases as JSON", found: reason(error))
        }
    }

    private static func reason(_ error: any Error) -> String {
        let context: DecodingError.Context? =
            switch error {
            case DecodingError.dataCorrupted(let context): context
            case DecodingError.keyNotFound(_, let context): context
            case DecodingError.typeMismatch(_, let context): context
            case DecodingError.valueNotFound(_, let context): context
            default: nil
            }
        guard let context else { return LogText.quoted(Array("\(error)".utf8)) }
        let place = context.codingPath.map(\.stringValue).joined(separator: ".")
        let text = LogText.make(Array(context.debugDescription.utf8), atMost: 300).text
        return place.isEmpty ? text : "at '\(place)': \(text)"
    }
}
