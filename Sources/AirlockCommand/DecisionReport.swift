import Airlock

/// What a manifest says.
struct ManifestReport: Encodable {
    struct Wish: Encodable {
        var id: String
        var reason: String
        var isRequired: Bool
        /// Each parameter as text.
        var parameters: [String: String]
    }

    var name: String
    var version: String
    var description: String
    var abi: String?
    var sha256: String?
    var wishes: [Wish]
    /// Each limit that it asks for, as text.
    var limits: [String: String]

    init(_ manifest: PluginManifest) {
        name = manifest.name
        version = manifest.version
        description = manifest.description
        abi = manifest.abi?.description
        sha256 = manifest.digest
        wishes = manifest.wishes.map {
            Wish(
                id: $0.capability.description, reason: $0.reason, isRequired: $0.isRequired,
                parameters: $0.parameters.mapValues(Self.text))
        }
        limits = manifest.limits.inWords
    }

    private static func text(_ value: ManifestValue) -> String {
        switch value {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let text): text
        case .list(let items): "[" + items.map(text).joined(separator: ", ") + "]"
        case .map(let map):
            "{" + map.sorted { $0.key < $1.key }.map { "\($0.key): \(text($0.value))" }.joined(separator: ", ") + "}"
        }
    }
}

/// What a policy gives.
struct DecisionReport: Encodable {
    struct Grant: Encodable {
        var id: String
        var summary: String
    }

    /// The policy's file.
    var policy: String
    var grants: [Grant]
    /// Each limit, as text.
    var limits: [String: String]
    /// What was asked for in vain, without being a reason to refuse the plugin.
    var notes: [String]

    init(_ decision: PluginDecision, policy: String) {
        self.policy = policy
        grants = decision.grants.map { Grant(id: type(of: $0).id.description, summary: $0.summary) }
        limits = LimitWishes(decision.limits).inWords
        notes = decision.notes
    }
}
