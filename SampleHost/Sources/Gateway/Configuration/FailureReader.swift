import AirlockProxyWasm
import Yams

/// Reads what becomes of requests when a filter fails, `onFailure`, and when it is not run any more, `quarantine`.
struct FailureReader {
    let log: MistakeLog

    /// `nil`, with the mistakes logged, when it cannot be used.
    func policy(_ plugin: SectionReader) -> FailurePolicy? {
        let expected = "closed, open or reload"
        guard let node = plugin.optional("onFailure"), case .mapping = node else {
            return plugin.value("onFailure", expected, default: .closed) { Self.policy($0, ReloadBackoff()) }
        }
        let known = ["policy", "wait", "longestWait", "resetAfter"]
        guard let section = SectionReader(node, path: plugin.key("onFailure"), known: known, log: log) else {
            return nil
        }
        var backoff = ReloadBackoff()
        let wait = duration(section, "wait", default: backoff.initial)

        let longest = duration(section, "longestWait", default: max(backoff.maximum, wait ?? .zero))
        let reset = duration(section, "resetAfter", default: backoff.resetAfter)
        guard let wait, let longest, let reset else { return nil }
        guard wait <= longest else {
            log.add(
                section.optional("longestWait") ?? node, key: section.key("longestWait"),
                "expected at least wait, found a shorter time")
            return nil
        }
        backoff = ReloadBackoff(initial: wait, maximum: longest, resetAfter: reset)
        let policy = section.value("policy", expected) { Self.policy($0, backoff) }
        if case .reload = policy { return policy }
        for key in known.dropFirst() where policy != nil {
            guard let node = section.optional(key) else { continue }
            log.add(node, key: section.key(key), "expected no \(key) without the policy reload, found \(node.spoken)")
        }
        return policy
    }

    /// `nil` without `quarantine`, and, with the mistakes logged, when it cannot be used.
    func quarantine(_ plugin: SectionReader) -> QuarantinePolicy? {
        guard let node = plugin.optional("quarantine"),
            let section = SectionReader(
                node, path: plugin.key("quarantine"), known: ["failures", "window"], log: log)
        else { return nil }
        let defaults = QuarantinePolicy()
        let failures = section.value("failures", "a number from 1 to 1000000", default: defaults.failures) {
            Int($0).flatMap { (1...1_000_000).contains($0) ? $0 : nil }
        }
        let window = duration(section, "window", default: defaults.window)
        guard let failures, let window else { return nil }
        return QuarantinePolicy(failures: failures, window: window)
    }

    /// By our names or by those of Envoy (`envoy.extensions.wasm.v3.FailurePolicy`).
    private static func policy(_ text: String, _ backoff: ReloadBackoff) -> FailurePolicy? {
        switch text {
        case "closed", "FAIL_CLOSED": .closed
        case "open", "FAIL_OPEN": .open
        case "reload", "FAIL_RELOAD": .reload(backoff: backoff)
        default: nil
        }
    }

    private func duration(_ section: SectionReader, _ name: String, default fallback: Duration) -> Duration? {
        section.value(name, "a duration such as 1s or 5m, up to 24h", default: fallback) { text in
            ScalarFormats.duration(text).flatMap { $0 > .zero && $0 <= .seconds(24 * 3600) ? $0 : nil }
        }
    }
}
