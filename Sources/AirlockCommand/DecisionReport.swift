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

    /// What the plugin shares with others.
    struct Quota: Encodable {
        var name: String
        /// Each bound, as text.
        var bounds: [String: String]
    }

    /// The policy's file.
    var policy: String
    var grants: [Grant]
    /// Each limit, as text.
    var limits: [String: String]
    /// Absent where it shares none.
    var quota: Quota?
    /// What was asked for in vain, without being a reason to refuse the plugin.
    var notes: [String]

    init(_ decision: PluginDecision, policy: String) {
        self.policy = policy
        grants = decision.grants.map { Grant(id: type(of: $0).id.description, summary: $0.summary) }
        limits = LimitWishes(decision.limits).inWords
        if let share = decision.limits.loopShare {
            limits["loopTime"] = "\(share.perSecond) of each second"
            limits["loopBurst"] = "\(share.burst)"
        }
        if let crashLoop = decision.limits.crashLoop { limits["crashLoop"] = Self.text(crashLoop) }
        quota = decision.quota.map(Quota.init)
        notes = decision.notes
    }
    private static func text(_ policy: CrashLoopPolicy) -> String {
        "\(policy.failures) failures in \(policy.window), pauses from \(policy.firstPause) to \(policy.longestPause), "
            + "quarantine after \(policy.quarantineAfter) crash loops"
    }
}

extension DecisionReport.Quota {
    fileprivate init(_ quota: Airlock.Quota) {
        name = quota.name
        let rates = [
            "fuel": quota.fuel, "hostCalls": quota.hostCalls, "egressBytes": quota.egressBytes,
            "logBytes": quota.logBytes,
        ]
        bounds = rates.compactMapValues { rate in
            rate.map { "\($0.amount) in \($0.period), at most \($0.burst) at once" }
        }
        bounds["memory"] = quota.memory.map { "\($0)" }
        bounds["concurrentCalls"] = quota.concurrentCalls.map { "\($0), and \(quota.queuedCalls) that wait" }
    }
}
