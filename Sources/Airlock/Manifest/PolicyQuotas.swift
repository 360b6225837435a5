/// The quotas that a policy file names, and who shares which.
struct PolicyQuotas {
    /// What plugins share for which nothing else is said.
    let common: Quota?
    /// What plugins share, by the name that the host gives them.
    private(set) var byPlugin: [String: Quota] = [:]

    private let named: [String: Quota]

    /// Reads `quotas` and `quota`:
    ///
    ///     quotas:
    ///       tenant-a: { fuelPerSecond: 2000000000, memory: 256 MiB }
    ///       batch: { fuelPerSecond: 100000000, concurrentCalls: 2, queuedCalls: 8 }
    ///     quota: tenant-a
    ///     plugins:
    ///       nightly-report: { quota: batch }
    init(policy fields: inout ManifestFields) throws(PluginError) {
        named =
            try fields.map("quotas") { (quotas) throws(PluginError) in
                var named: [String: Quota] = [:]
                for name in quotas.names {
                    guard !name.isEmpty else { throw quotas.wrong(name, expected: "a quota with a name") }
                    named[name] = try quotas.map(name) { (quota) throws(PluginError) in
                        try Quota(name, policy: &quota)
                    }
                }
                return named
            } ?? [:]
        common = try fields.quota(among: named)
    }

    /// Reads `quota` of a plugin; `false` where it says nothing.
    mutating func read(_ plugin: String, _ fields: inout ManifestFields) throws(PluginError) -> Bool {
        byPlugin[plugin] = try fields.quota(among: named)
        return byPlugin[plugin] != nil
    }

    /// Throws where there is a quota that nobody shares.
    func checkUse(_ fields: ManifestFields) throws(PluginError) {
        let used = Set(([common].compactMap(\.self) + byPlugin.values).map(\.name))
        guard let unused = named.keys.filter({ !used.contains($0) }).min() else { return }
        throw fields.wrong("quotas", expected: "only quotas that quota or plugins name, and neither names '\(unused)'")
    }
}

extension ManifestFields {
    /// One of the policy's quotas.
    fileprivate mutating func quota(among named: [String: Quota]) throws(PluginError) -> Quota? {
        guard let name = try text("quota") else { return nil }
        if let quota = named[name] { return quota }
        let names = named.keys.sorted()
        let nearest = NearestName.of(name, among: names).map { " (did you mean '\($0)'?)" } ?? ""
        let expected = names.isEmpty ? "the name of one, and there are none" : "one of \(names.joined(separator: ", "))"
        throw wrong("quota", expected: "a quota that stands under quotas, \(expected)\(nearest)")
    }
}

extension Quota {
    /// Reads a quota from a policy: `fuelPerSecond`, `hostCallsPerSecond`, `egressBytesPerSecond` and `logBytesPerSecond`, each with the
    /// most that can be saved up (`fuelBurst` and so on; one second's worth by default), `memory`, `concurrentCalls` and `queuedCalls`.
    /// What is left out is not limited.
    /// - Throws: ``PluginError/Code/configuration`` where a value is none or out of its range.
    public convenience init(_ name: String, policy fields: inout ManifestFields) throws(PluginError) {
        let concurrentCalls = try fields.integer("concurrentCalls", in: 1...Int.max)
        let queuedCalls = try fields.integer("queuedCalls", in: 0...Int.max)
        if queuedCalls != nil, concurrentCalls == nil {
            throw fields.missing("concurrentCalls", expected: "a number of calls, for which queuedCalls wait")
        }
        try self.init(
            name,
            fuel: try fields.rate("fuel") { (fields, key) throws(PluginError) in
                try fields.integer(key, in: 1...Int.max)
            },
            memory: try fields.byteCount("memory"),
            concurrentCalls: concurrentCalls,
            queuedCalls: queuedCalls ?? 0,
            hostCalls: try fields.rate("hostCalls") { (fields, key) throws(PluginError) in
                try fields.integer(key, in: 1...Int.max)
            },
            egressBytes: try fields.rate("egressBytes") { (fields, key) throws(PluginError) in
                try fields.byteCount(key, in: 1...Int.max)
            },
            logBytes: try fields.rate("logBytes") { (fields, key) throws(PluginError) in
                try fields.byteCount(key, in: 1...Int.max)
            }
        )
    }
}

extension ManifestFields {
    /// An amount per second, and the most that can be saved up of it.
    fileprivate mutating func rate(
        _ resource: String,
        _ amount: (inout ManifestFields, String) throws(PluginError) -> Int?
    ) throws(PluginError) -> QuotaRate? {
        let perSecond = try amount(&self, "\(resource)PerSecond")
        let burst = try amount(&self, "\(resource)Burst")
        guard let perSecond else {
            guard burst == nil else {
                throw missing("\(resource)PerSecond", expected: "what comes back in a second, up to \(resource)Burst")
            }
            return nil
        }
        return QuotaRate(UInt64(perSecond), burst: burst.map(UInt64.init))
    }
}
