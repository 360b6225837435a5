public import Airlock

extension HTTPEgress {
    /// The part of this grant that a wish asks for.
    ///
    /// | parameter | meaning |
    /// | --- | --- |
    /// | `rules` | a list of rules such as `GET,POST https://api.example.com:8443`; what one of them and one rule of this grant both allow
    /// is left |
    /// | `methods` | a list of methods; no others are left |
    /// | `requestBytes`, `responseBytes`, `headerBytes`, `keptBytes`, `keptBytesInAll` | lower limits, such as `64 KiB` |
    /// | `headerFields`, `concurrentRequests`, `redirects`, `keptResponses` | lower limits |
    /// | `timeout` | a lower limit of time, such as `2 s` |
    public func attenuated(to wish: CapabilityWish) throws(PluginError) -> HTTPEgress {
        try wish.read { (fields) throws(PluginError) in
            var left = rules
            if let wanted = try Self.rules(&fields) {
                left = wanted.flatMap { wanted in rules.compactMap { $0.intersection(wanted) } }
            }
            if let methods = try fields.texts("methods") {
                left = left.compactMap { $0.limited(to: Set(methods)) }
            }
            let limits = limits.lowered(to: try HTTPEgressLimits(&fields, unlessGiven: limits))
            return HTTPEgress(self, rules: left, limits: limits)
        }
    }

    /// Makes a grant as a policy writes it: the parameters of ``attenuated(to:)``, with `allowedAddresses` and `deniedAddresses`, lists of
    /// ranges such as `10.1.0.0/16`; see ``AddressPolicy``. Limits that are not given are those of ``HTTPEgressLimits``.
    /// - Throws: what is missing, unknown, or cannot be understood.
    public init(policy fields: inout ManifestFields, client: HTTPEgressClient) throws(PluginError) {
        guard var rules = try Self.rules(&fields) else {
            throw fields.missing("rules", expected: "a list of rules such as GET,POST https://api.example.com")
        }
        if let methods = try fields.texts("methods") {
            rules = rules.compactMap { $0.limited(to: Set(methods)) }
        }
        self.init(
            client,
            rules: rules,
            addresses: AddressPolicy(
                allowed: try Self.ranges("allowedAddresses", &fields),
                denied: try Self.ranges("deniedAddresses", &fields)
            ),
            limits: try HTTPEgressLimits(&fields, unlessGiven: HTTPEgressLimits())
        )
    }

    private static func rules(_ fields: inout ManifestFields) throws(PluginError) -> [HTTPRule]? {
        guard let texts = try fields.texts("rules") else { return nil }
        var rules: [HTTPRule] = []
        for (index, text) in texts.enumerated() {
            guard let rule = try? HTTPRule(text: text) else {
                throw fields.wrong(
                    "rules", item: index, expected: "a rule such as GET,POST https://api.example.com:8443")
            }
            rules.append(rule)
        }
        return rules
    }

    private static func ranges(_ key: String, _ fields: inout ManifestFields) throws(PluginError) -> [IPRange] {
        var ranges: [IPRange] = []
        for (index, text) in (try fields.texts(key) ?? []).enumerated() {
            guard let range = try? IPRange(text) else {
                throw fields.wrong(key, item: index, expected: "a range of addresses such as 10.1.0.0/16")
            }
            ranges.append(range)
        }
        return ranges
    }
}

extension HTTPEgressLimits {
    /// The limits of a manifest or a policy, with defaults.
    fileprivate init(_ fields: inout ManifestFields, unlessGiven whole: Self) throws(PluginError) {
        requestBytes = try fields.byteCount("requestBytes") ?? whole.requestBytes
        responseBytes = try fields.byteCount("responseBytes") ?? whole.responseBytes
        headerBytes = try fields.byteCount("headerBytes") ?? whole.headerBytes
        headerFields = try fields.integer("headerFields", in: 0...Int.max) ?? whole.headerFields
        concurrentRequests = try fields.integer("concurrentRequests", in: 0...Int.max) ?? whole.concurrentRequests
        timeout = try fields.duration("timeout") ?? whole.timeout
        redirects = try fields.integer("redirects", in: 0...Int.max) ?? whole.redirects
        keptResponses = try fields.integer("keptResponses", in: 0...Int.max) ?? whole.keptResponses
        keptBytes = try fields.byteCount("keptBytes") ?? whole.keptBytes
        keptBytesInAll = try fields.byteCount("keptBytesInAll") ?? whole.keptBytesInAll
    }

    /// The smaller of both, limit by limit.
    fileprivate func lowered(to other: Self) -> Self {
        var least = self
        least.requestBytes = min(requestBytes, other.requestBytes)
        least.responseBytes = min(responseBytes, other.responseBytes)
        least.headerBytes = min(headerBytes, other.headerBytes)
        least.headerFields = min(headerFields, other.headerFields)
        least.concurrentRequests = min(concurrentRequests, other.concurrentRequests)
        least.timeout = min(timeout, other.timeout)
        least.redirects = min(redirects, other.redirects)
        least.keptResponses = min(keptResponses, other.keptResponses)
        least.keptBytes = min(keptBytes, other.keptBytes)
        least.keptBytesInAll = min(keptBytesInAll, other.keptBytesInAll)
        return least
    }
}
