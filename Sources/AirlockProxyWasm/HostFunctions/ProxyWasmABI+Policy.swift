public import Airlock

extension ProxyWasmABI: AttenuableCapability {
    /// Reads a grant from a policy: `functions`, a list of names as ``ProxyWasmGrants/init(named:)`` knows them; `upstreams`, a list of
    /// those that may be called by HTTP and gRPC; `foreignFunctions`, a list of those that may be called; and `properties`, a list of those
    /// that may be read and set, as ``PropertyPattern`` has them. All of each without it.
    public init(policy fields: inout ManifestFields) throws(PluginError) {
        try self.init(&fields, otherwise: .all)
    }

    private init(_ fields: inout ManifestFields, otherwise grants: ProxyWasmGrants) throws(PluginError) {
        self.init(
            grants: try fields.proxyWasmFunctions() ?? grants, upstreams: try fields.names("upstreams"),
            foreignFunctions: try fields.names("foreignFunctions"), properties: try fields.propertyPatterns())
    }

    /// A wish may name `functions`, `upstreams`, `foreignFunctions` and `properties` in the same way. Where it is required, all of them must
    /// be in this grant; where the filter can do without, it gets those that are.
    public func attenuated(to wish: CapabilityWish) throws(PluginError) -> Self {
        let wanted = try wish.read { (fields) throws(PluginError) in
            try Self(&fields, otherwise: grants)
        }
        func missing(_ names: Set<String>?, of granted: Set<String>?) -> [String] {
            granted.flatMap { names?.subtracting($0).sorted() } ?? []
        }
        let missing =
            wanted.grants.subtracting(grants).names + missing(wanted.upstreams, of: upstreams)
            + missing(wanted.foreignFunctions, of: foreignFunctions)
            + (properties.flatMap { given in wanted.properties.map { PropertyPattern.missing($0, in: given) } } ?? [])
        guard missing.isEmpty || !wish.isRequired else {
            throw PluginError(
                .denied, message: "it asks for \(missing.joined(separator: ", ")), and the policy gives \(summary)")
        }
        return limited(to: wanted)
    }

    public var summary: String {
        let functions =
            grants.isSuperset(of: .all)
            ? "all functions" : grants.isEmpty ? "no functions that need a grant" : grants.names.joined(separator: ", ")
        func list(_ title: String, _ names: Set<String>?) -> String? {
            names.map { "\(title) \($0.isEmpty ? "none" : $0.sorted().joined(separator: ", "))" }
        }
        let properties = properties.map { Set($0.map(\.description)) }
        return [
            functions, list("upstreams", upstreams), list("foreign functions", foreignFunctions),
            list("properties", properties),
        ].compactMap(\.self).joined(separator: "; ")
    }

    /// A filter without a manifest asks for what it imports, and can do without.
    public static func wish(importing functions: [String]) -> CapabilityWish {
        CapabilityWish(id, isRequired: false, parameters: ["functions": .list(functions.map { .text($0) })])
    }

    public static func refused(of functions: [String], by grant: Self?) -> [String] {
        functions.filter { name in
            !(grant?.grants ?? []).isSuperset(of: ProxyWasmGrants(named: name) ?? [])
        }
    }
}

extension ManifestFields {
    fileprivate mutating func names(_ field: String) throws(PluginError) -> Set<String>? {
        try texts(field).map { Set($0) }
    }

    fileprivate mutating func propertyPatterns() throws(PluginError) -> Set<PropertyPattern>? {
        guard let texts = try texts("properties") else { return nil }
        var patterns: Set<PropertyPattern> = []
        for (index, text) in texts.enumerated() {
            guard let pattern = PropertyPattern(text) else {
                throw wrong("properties", item: index, expected: "a path such as request.path, request.* or *")
            }
            patterns.insert(pattern)
        }
        return patterns
    }

    fileprivate mutating func proxyWasmFunctions() throws(PluginError) -> ProxyWasmGrants? {
        guard let names = try texts("functions") else { return nil }
        var grants: ProxyWasmGrants = []
        for (index, name) in names.enumerated() {
            guard let named = ProxyWasmGrants(named: name) else {
                let parts = ProxyWasmGrants.parts.map(\.key).joined(separator: ", ")
                throw wrong(
                    "functions", item: index,
                    expected: "one of \(parts), or a host function of the ABI such as proxy_log")
            }
            grants.formUnion(named)
        }
        return grants
    }
}
