import Airlock
import Yams

/// Reads `reload` of a plugin: how its later versions come into service.
struct ReloadReader {
    /// What `reload` says.
    struct Reloading {
        var watches = false
        /// The time between two looks at a URL.
        var interval = Duration.seconds(30)
        var policy = ReloadPolicy()
        var canary = CanaryTerms()
    }

    /// What is watched.
    enum Watched {
        case file
        case url
        /// A folder of filters, which is followed in any case.
        case folder
    }

    private enum Strategy: String, CaseIterable {
        case immediate, canary, manual
    }

    private static let ofCanaries = ["share", "window", "errorBudget", "errorBudgetCalls", "fallBack"]

    let source: Watched
    let log: MistakeLog

    private var known: [String] {
        let watching =
            switch source {
            case .file: ["watch"]
            case .url: ["watch", "every"]
            case .folder: [] as [String]
            }
        return watching + ["strategy"] + Self.ofCanaries + ["drain", "keep"]
    }

    /// `nil`, with the mistakes logged, when it cannot be used.
    func read(_ plugin: SectionReader) -> Reloading? {
        guard let node = plugin.optional("reload") else { return Reloading() }
        guard case .mapping = node else {
            if source == .folder {
                log.add(
                    node, key: plugin.key("reload"),
                    "expected a mapping with the keys \(known.joined(separator: ", ")), since a folder is watched in any case, "
                        + "found \(node.spoken)")
                return nil
            }
            let expected = "watch, off or a mapping with the keys \(known.joined(separator: ", "))"
            return plugin.value("reload", expected) { text in
                ["watch": true, "off": false][text].map { Reloading(watches: $0) }
            }
        }
        guard let section = SectionReader(node, path: plugin.key("reload"), known: known, log: log) else {
            return nil
        }
        let watches = section.flag("watch", default: false)
        let interval = interval(section, watches: watches)
        let strategy = section.value("strategy", "immediate, canary or manual", default: .immediate) {
            Strategy(rawValue: $0)
        }
        if let strategy { refuseKeys(section, that: strategy) }
        let canary = canary(section)
        let drain = duration(section, "drain", from: .zero, default: ReloadPolicy().drainDeadline)
        let kept = section.value("keep", "a number of versions from 0 to 16", default: ReloadPolicy().keptVersions) {
            Int($0).flatMap { (0...16).contains($0) ? $0 : nil }
        }
        guard let watches, let interval, let strategy, let canary, let drain, let kept else { return nil }
        let chosen: ReloadStrategy =
            switch strategy {
            case .immediate: .immediate
            case .manual: .manual
            case .canary: canary.strategy
            }
        let policy = ReloadPolicy(strategy: chosen, drainDeadline: drain, keptVersions: kept)
        return Reloading(watches: watches, interval: interval, policy: policy, canary: canary)
    }

    private func interval(_ section: SectionReader, watches: Bool?) -> Duration? {
        if source == .url, watches == false, let node = section.optional("every") {
            log.add(node, key: section.key("every"), "expected watch: true beside every, found \(node.spoken)")
        }
        return section.value("every", "a duration such as 30s or 5m, up to 24h", default: Reloading().interval) {
            text in
            ScalarFormats.duration(text).flatMap { $0 > .zero && $0 <= .seconds(24 * 3600) ? $0 : nil }
        }
    }

    /// Keys that say something of canaries are mistakes beside another strategy.
    private func refuseKeys(_ section: SectionReader, that strategy: Strategy) {
        guard strategy != .canary else { return }
        for key in Self.ofCanaries {
            guard let node = section.optional(key) else { continue }
            log.add(
                node, key: section.key(key),
                "expected no \(key) with the strategy \(strategy.rawValue), found \(node.spoken)")
        }
    }

    private func canary(_ section: SectionReader) -> CanaryTerms? {
        let defaults = CanaryTerms()
        let share = section.value("share", "a share above 0% up to 100%, such as 5%", default: defaults.share) { text in
            ScalarFormats.share(text).flatMap { $0 > 0 ? $0 : nil }
        }
        let window = duration(section, "window", from: .microseconds(1), default: defaults.window)
        let failing = section.value(
            "errorBudget", "a share from 0% to 100%, such as 1%", default: defaults.errorBudget.share,
            parse: ScalarFormats.share)
        let calls = section.value(
            "errorBudgetCalls", "a number of requests from 1 to 1000000000", default: defaults.errorBudget.calls
        ) {
            Int($0).flatMap { (1...1_000_000_000).contains($0) ? $0 : nil }
        }
        let fallsBack = section.flag("fallBack", default: defaults.fallsBack)
        guard let share, let window, let failing, let calls, let fallsBack else { return nil }
        return CanaryTerms(
            share: share, window: window, errorBudget: ErrorBudget(share: failing, ofAtLeast: calls),
            fallsBack: fallsBack)
    }

    private func duration(
        _ section: SectionReader, _ name: String, from least: Duration, default fallback: Duration
    ) -> Duration? {
        section.value(name, "a duration such as 30s, 5m or 2h, up to 720h", default: fallback) { text in
            ScalarFormats.duration(text).flatMap { (least...(.seconds(720 * 3600))).contains($0) ? $0 : nil }
        }
    }
}
