import Airlock

/// What `/plugins/{name}/versions` and all that changes versions answer with.
struct PluginVersions: Sendable, Encodable {
    struct Version: Sendable, Encodable {
        let number: Int
        /// The SHA-256 of the module, in hexadecimal.
        let digest: String
        /// The path or the URL that it was read from, where that is known.
        let place: String?
        /// `serving`, `canary`, `shadow`, `staged` or `kept`.
        let state: String
        /// What came of trying it, so far or at its end.
        let trial: TrialReport?
    }

    struct Quarantined: Sendable, Encodable {
        let digest: String
        let reason: String
    }

    let plugin: String
    /// The number of the version that serves.
    let serving: Int?
    /// The latest first.
    let versions: [Version]
    /// Modules that are not loaded until they are readmitted.
    let quarantined: [Quarantined]

    init(of releases: PluginReleases) async {
        plugin = releases.plugin
        let known = await releases.list()
        serving = known.first { $0.state == .serving }?.number
        versions = known.map(Version.init)
        quarantined = await releases.quarantined().map { Quarantined(digest: $0.digest, reason: $0.reason) }
    }
}

/// What came of trying a version.
struct TrialReport: Sendable, Encodable {
    let calls: Int
    let failures: Int

    init(_ result: TrialResult) {
        calls = result.calls
        failures = result.failures
    }
}

extension PluginVersions.Version {
    init(_ release: PluginRelease) {
        let (state, result): (String, TrialResult?) =
            switch release.state {
            case .serving: ("serving", nil)
            case .canary(let result): ("canary", result)
            case .shadow(let result): ("shadow", result)
            case .staged(let result): ("staged", result)
            case .kept: ("kept", nil)
            }
        self.init(
            number: release.number, digest: release.digest, place: release.place, state: state,
            trial: result.map { TrialReport($0) })
    }
}
