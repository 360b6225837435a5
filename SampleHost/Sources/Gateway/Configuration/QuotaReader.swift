import Airlock
import Yams

/// Reads `quotas`: what groups of plugins may use together, by name.
struct QuotaReader {
    let log: MistakeLog

    func quotas(_ top: SectionReader) -> [String: Quota] {
        guard let node = top.optional("quotas") else { return [:] }
        guard case .mapping(let mapping) = node else {
            log.add(node, key: "quotas", "expected a mapping from names to quotas, found \(node.spoken)")
            return [:]
        }
        var quotas: [String: Quota] = [:]
        for (key, value) in mapping {
            guard let name = key.string, !name.isEmpty else {
                log.add(key, key: "quotas", "expected a name, found \(key.spoken)")
                continue
            }
            quotas[name] = quota(name, value)
        }
        return quotas
    }

    private func quota(_ name: String, _ node: Node) -> Quota? {
        let known = ["fuelPerSecond", "memory", "hostCallsPerSecond", "logBytesPerSecond"]
        guard let section = SectionReader(node, path: "quotas.\(name)", known: known, log: log) else { return nil }
        let fuel = rate(section, "fuelPerSecond", "a number of instructions from 1") { UInt64($0) }
        let calls = rate(section, "hostCallsPerSecond", "a number from 1") { UInt64($0) }
        let bytes = rate(section, "logBytesPerSecond", "a size such as 64KiB") { text in
            ScalarFormats.bytes(text).map(UInt64.init)
        }
        var memory: Int?
        if section.has("memory") {
            memory = section.value("memory", "a size such as 256MiB") { ScalarFormats.bytes($0) }
        }
        do {
            return try Quota(name, fuel: fuel, memory: memory, hostCalls: calls, logBytes: bytes)
        } catch {
            log.add(node, key: "quotas.\(name)", error.message)
            return nil
        }
    }

    private func rate(
        _ section: SectionReader, _ name: String, _ expected: String, parse: (String) -> UInt64?
    ) -> QuotaRate? {
        guard section.has(name) else { return nil }
        return section.value(name, expected) { text in parse(text).flatMap { $0 > 0 ? QuotaRate($0) : nil } }
    }
}
