/// The versions of a plugin and what is done with each.
struct ReleaseHistory {
    /// A version that is being tried.
    struct Candidate {
        var version: PluginVersion
        var trial: Trial
    }

    /// A version that waits to be promoted.
    struct Staged {
        var version: PluginVersion
        var result: TrialResult?
    }

    /// Modules that are quarantined at the most; the oldest is forgotten.
    static let mostQuarantined = 64

    private let most: Int
    private(set) var serving: PluginVersion?
    var candidate: Candidate?
    var staged: Staged?
    /// Replaced versions, the latest first.
    private(set) var kept: [PluginVersion] = []
    /// The latest last.
    private(set) var quarantined: [QuarantinedModule] = []

    /// - Parameter most: how many replaced versions are kept.
    init(keeping most: Int) {
        self.most = most
    }

    /// Notes that a version took over. What served until now is kept unless its module is quarantined, or the same.
    mutating func serve(_ version: PluginVersion) {
        if candidate?.version === version { candidate = nil }
        if staged?.version === version { staged = nil }
        kept.removeAll { $0.digest == version.digest }
        if let serving, serving.digest != version.digest, !isQuarantined(serving.digest) { kept.insert(serving, at: 0) }
        kept = Array(kept.prefix(most))
        serving = version
    }

    /// Keeps a version that served before all of those that are kept.
    mutating func keep(_ version: PluginVersion) {
        guard kept.count < most, !isQuarantined(version.digest),
            !(kept + versions).contains(where: { $0.digest == version.digest })
        else { return }
        kept.append(version)
    }

    /// The version with that number that was replaced, or the latest one.
    func keptVersion(_ number: Int?) -> PluginVersion? {
        guard let number else { return kept.first }
        return kept.first { $0.number == number }
    }

    func quarantine(of digest: String) -> QuarantinedModule? {
        quarantined.first { $0.digest == digest }
    }

    private func isQuarantined(_ digest: String) -> Bool { quarantine(of: digest) != nil }

    /// Notes that a module is not to be loaded any more, and forgets its versions that do not serve.
    mutating func quarantine(_ module: QuarantinedModule) {
        quarantined.removeAll { $0.digest == module.digest }
        quarantined.append(module)
        quarantined = quarantined.suffix(Self.mostQuarantined)
        kept.removeAll { $0.digest == module.digest }
        if staged?.version.digest == module.digest { staged = nil }
    }

    /// - Returns: Whether the module was quarantined.
    mutating func readmit(_ digest: String) -> Bool {
        let count = quarantined.count
        quarantined.removeAll { $0.digest == digest }
        return quarantined.count < count
    }

    /// Forgets all versions.
    mutating func end() {
        candidate?.trial.close()
        (serving, candidate, staged, kept) = (nil, nil, nil, [])
    }

    /// The versions that serve, are being tried or wait to be promoted.
    var versions: [PluginVersion] { [serving, candidate?.version, staged?.version].compactMap(\.self) }

    /// All versions, the latest first.
    var releases: [PluginRelease] {
        // One that is tried or staged again is still kept.
        let again = [candidate?.version, staged?.version]
        var releases = kept.filter { version in !again.contains { $0 === version } }.map { release($0, .kept) }
        if let serving { releases.append(release(serving, .serving)) }
        if let staged { releases.append(release(staged.version, .staged(staged.result))) }
        if let candidate {
            let result = candidate.trial.result
            releases.append(release(candidate.version, candidate.trial.isShadow ? .shadow(result) : .canary(result)))
        }
        return releases.sorted { $0.number > $1.number }
    }

    private func release(_ version: PluginVersion, _ state: PluginRelease.State) -> PluginRelease {
        PluginRelease(number: version.number, digest: version.digest, place: version.place, state: state)
    }
}
