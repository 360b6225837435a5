import Airlock
import AirlockProxyWasm
import Foundation
import Yams

/// What a configuration says of a filter beside its name and where its module is.
struct FilterSettings {
    /// Without name and source.
    var filter: FilterConfiguration
    var reloading: ReloadReader.Reloading
}

/// Reads the keys of a filter that single ones and those of a folder have.
struct FilterSettingsReader {
    static let keys = [
        "policy", "quota", "rootID", "vmID", "vmConfiguration", "configuration", "environment", "limits", "upstreams",
        "foreignFunctions", "properties", "allowedCapabilities", "allowOnHeadersStopIteration", "headersChooseRoute",
        "onFailure", "quarantine", "reload",
    ]

    let quotas: [String: Quota]
    let policies: FilterPolicies
    /// The policy of filters that name none.
    let common: PluginPolicy?
    /// The names that `upstreams` may have in it.
    let upstreams: [String]
    let log: MistakeLog

    /// `nil`, with the mistakes logged, when they cannot be used.
    /// - Parameter name: of the filter; `nil` where there may be several.
    func read(_ section: SectionReader, name: String?, watched: ReloadReader.Watched) -> FilterSettings? {
        var policy = section.has("policy") ? policies.policy(section) : common
        let quota = quota(section, imposed: name.flatMap { policy?.pluginQuotas[$0] } ?? policy?.quota)
        let limits = limits(section, ceilings: policy?.limits)
        let upstreams = section.has("upstreams") ? Set(upstreams(section)) : nil
        let failing = FailureReader(log: log)
        let failurePolicy = failing.policy(section)
        let quarantine = failing.quarantine(section)
        let reloading = ReloadReader(source: watched, log: log).read(section)
        let rootID = text(section, "rootID")
        let vmID = text(section, "vmID")
        let vmConfiguration = data(section, "vmConfiguration")
        let configuration = data(section, "configuration")
        let environment = environment(section)
        let stops = section.flag("allowOnHeadersStopIteration")
        let choosesRoute = section.flag("headersChooseRoute")
        guard let limits, let failurePolicy, let stops, let choosesRoute, let reloading, let rootID, let vmID,
            let vmConfiguration, let configuration, let environment
        else { return nil }
        policy?.limits = limits
        let filter = FilterConfiguration(
            name: name ?? "",
            rootID: rootID,
            vmID: vmID,
            vmConfiguration: vmConfiguration,
            configuration: configuration,
            source: .bytes([]),
            limits: limits,
            quota: quota,
            failurePolicy: failurePolicy,
            quarantine: quarantine,
            upstreams: upstreams,
            foreignFunctions: section.has("foreignFunctions")
                ? names(section, "foreignFunctions", "a list of foreign functions, such as compress") : nil,
            properties: section.has("properties") ? properties(section) : nil,
            allowedCapabilities: names(
                section, "allowedCapabilities", "a list of functions and callbacks of the ABI, such as proxy_log"),
            environment: environment,
            allowOnHeadersStopIteration: stops,
            headersChooseRoute: choosesRoute,
            policy: policy,
            reload: reloading.policy
        )
        return FilterSettings(filter: filter, reloading: reloading)
    }

    private func text(_ section: SectionReader, _ name: String) -> String? {
        section.value(name, "text (in quotes when it is JSON)", default: "") { $0 }
    }

    /// What a filter is given: text, or bytes that are none.
    private func data(_ section: SectionReader, _ name: String) -> [UInt8]? {
        guard let node = section.optional(name), case .mapping = node else {
            return text(section, name).map { Array($0.utf8) }
        }
        return SectionReader(node, path: section.key(name), known: ["base64"], log: log)?.value("base64", "base64") {
            Data(base64Encoded: $0).map(Array.init)
        }
    }

    private func environment(_ section: SectionReader) -> [String: String]? {
        guard let node = section.optional("environment") else { return [:] }
        let path = section.key("environment")
        guard case .mapping(let mapping) = node else {
            log.add(node, key: path, "expected a mapping from names to text, found \(node.spoken)")
            return nil
        }
        var variables: [String: String] = [:]
        for (key, value) in mapping {
            guard let name = key.string, !name.isEmpty, !name.contains(where: { "=\0".contains($0) }) else {
                log.add(key, key: path, "expected the name of a variable, found \(key.spoken)")
                return nil
            }
            guard let text = value.scalar?.string, !text.contains("\0") else {
                log.add(value, key: "\(path).\(name)", "expected text, found \(value.spoken)")
                return nil
            }
            variables[name] = text
        }
        return variables
    }

    private func names(_ section: SectionReader, _ key: String, _ expected: String) -> Set<String> {
        let names = section.list(key, expected).compactMap { node, path in
            if let name = node.scalar?.string, !name.isEmpty { return name }
            log.add(node, key: path, "expected a name, found \(node.spoken)")
            return nil
        }
        return Set(names)
    }

    private func properties(_ section: SectionReader) -> Set<PropertyPattern> {
        let expected = "a list of paths of properties, such as request.path or request.*"
        let patterns = section.list("properties", expected).compactMap { node, path in
            if let pattern = node.scalar.flatMap({ PropertyPattern($0.string) }) { return pattern }
            log.add(node, key: path, "expected a path such as request.path, request.* or *, found \(node.spoken)")
            return nil
        }
        return Set(patterns)
    }

    /// Those that the filter may call.
    private func upstreams(_ section: SectionReader) -> [String] {
        section.list("upstreams", "a list of upstreams").compactMap { node, path in
            guard let name = node.scalar?.string, upstreams.contains(name) else {
                let defined = upstreams.isEmpty ? "none is defined" : "defined: \(upstreams.joined(separator: ", "))"
                log.add(node, key: path, "expected the name of a defined upstream, found \(node.spoken); \(defined)")
                return nil
            }
            return name
        }
    }

    private func quota(_ section: SectionReader, imposed: Quota?) -> Quota? {
        guard let node = section.optional("quota") else { return nil }
        if let imposed {
            log.add(
                node, key: section.key("quota"),
                "expected no quota beside the one that the policy gives, \"\(imposed.name)\", found \(node.spoken)")
            return nil
        }
        let names = quotas.keys.sorted()
        return section.value("quota", "the name of a defined quota; defined: \(names.joined(separator: ", "))") {
            quotas[$0]
        }
    }

    /// The limits of the filter; under a policy, which has the highest, those of the policy but for what is lower here.
    private func limits(_ section: SectionReader, ceilings: PluginLimits?) -> PluginLimits? {
        var limits = ceilings ?? FilterConfiguration.defaultLimits
        guard let node = section.optional("limits") else { return limits }
        let known = ["fuel", "memory", "deadline", "loopTime", "loopBurst"]
        guard let section = SectionReader(node, path: section.key("limits"), known: known, log: log) else { return nil }
        let fuel = section.value("fuel", "a number of instructions from 1, such as 5000000", default: limits.fuel) {
            text in
            UInt64(text).flatMap { $0 > 0 ? $0 : nil }
        }
        let memory = section.value("memory", "a size from 64KiB to 4GiB, such as 16MiB", default: limits.memory) {
            text in
            ScalarFormats.bytes(text).flatMap { (64 << 10...4 << 30).contains($0) ? $0 : nil }
        }
        let deadline = section.value("deadline", "a duration such as 50ms or 1s", default: limits.deadline) { text in
            ScalarFormats.duration(text).flatMap { $0 > .zero ? $0 : nil }
        }
        let loopShare = loopShare(section)
        guard let fuel, let memory, let deadline else { return nil }
        if let ceilings {
            check(section, "fuel", fuel, ceilings.fuel)
            check(section, "memory", memory, ceilings.memory)
            check(section, "deadline", deadline, ceilings.deadline)
            if let loopShare, let ceiling = ceilings.loopShare {
                check(section, "loopTime", loopShare.perSecond, ceiling.perSecond)
                check(section, "loopBurst", loopShare.burst, ceiling.burst)
            }
        }
        limits.loopShare = loopShare ?? limits.loopShare
        limits.fuel = fuel
        limits.memory = memory
        limits.deadline = deadline
        return limits
    }

    private func check<Value: Comparable>(_ section: SectionReader, _ name: String, _ value: Value, _ ceiling: Value) {
        guard value > ceiling else { return }
        let node = section.optional(name) ?? section.node
        log.add(node, key: section.key(name), "expected at most the policy's \(ceiling), found \(node.spoken)")
    }

    private func loopShare(_ section: SectionReader) -> LoopShare? {
        guard section.has("loopTime") || section.has("loopBurst") else { return nil }
        let time = section.value("loopTime", "the time in each second that the filter may hold a worker, up to 1s") {
            text in
            ScalarFormats.duration(text).flatMap { $0 > .zero && $0 <= .seconds(1) ? $0 : nil }
        }
        let burst = section.value("loopBurst", "the longest time at once, such as 20ms", default: time ?? .zero) {
            text in
            ScalarFormats.duration(text).flatMap { $0 > .zero ? $0 : nil }
        }
        guard let time, let burst else { return nil }
        return LoopShare(perSecond: time, burst: burst)
    }
}
