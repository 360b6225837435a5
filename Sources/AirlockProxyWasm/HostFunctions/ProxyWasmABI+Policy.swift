public import Airlock

extension ProxyWasmABI: AttenuableCapability {
    /// Reads a grant from a policy: `functions`, a list of names as ``ProxyWasmGrants/init(named:)`` knows them, and `upstreams`, a list of
    /// those that may be called by HTTP; all without it.
    public init(policy fields: inout ManifestFields) throws(PluginError) {
        self.init(grants: try fields.proxyWasmFunctions() ?? .all, upstreams: try fields.upstreams())
    }

    /// A wish may name `functions` and `upstreams` in the same way. Where it is required, all of them must be in this grant; where the filter
    /// can do without, it gets those that are.
    public func attenuated(to wish: CapabilityWish) throws(PluginError) -> Self {
        let wanted = try wish.read { (fields) throws(PluginError) in
            (functions: try fields.proxyWasmFunctions(), upstreams: try fields.upstreams())
        }
        let missing = wanted.functions?.subtracting(grants).names ?? []
        let unknown = upstreams.flatMap { wanted.upstreams?.subtracting($0).sorted() } ?? []
        guard (missing.isEmpty && unknown.isEmpty) || !wish.isRequired else {
            throw PluginError(
                .denied,
                message: "it asks for \((missing + unknown).joined(separator: ", ")), and the policy gives \(summary)"
            )
        }
        return limited(to: wanted.functions ?? grants, upstreams: wanted.upstreams)
    }

    public var summary: String {
        let functions =
            grants.isSuperset(of: .all)
            ? "all functions" : grants.isEmpty ? "no functions that need a grant" : grants.names.joined(separator: ", ")
        guard let upstreams else { return functions }
        return "\(functions); upstreams \(upstreams.isEmpty ? "none" : upstreams.sorted().joined(separator: ", "))"
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
    fileprivate mutating func upstreams() throws(PluginError) -> Set<String>? {
        try texts("upstreams").map { Set($0) }
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
