public import Airlock

extension Environment {
    /// Reads a grant from a policy: `variables` (names with their values) and `inherit` (names of variables of the host's process).
    public init(policy fields: inout ManifestFields) throws(PluginError) {
        let variables = try fields.map("variables") { (fields) throws(PluginError) in
            var variables: [String: String] = [:]
            for name in fields.names { variables[name] = try fields.text(name) }
            return variables
        }
        self.init(variables ?? [:], inheriting: try fields.texts("inherit") ?? [])
    }

    /// A wish may list the `names` of the variables that the plugin wants.
    /// - Throws: ``PluginError/Code/denied`` where one of them is not granted.
    public func attenuated(to wish: CapabilityWish) throws(PluginError) -> Self {
        try wish.read { (fields) throws(PluginError) in
            guard let names = try fields.texts("names") else { return self }
            let wished = Set(names.map { Array($0.utf8) })
            if let other = wished.subtracting(grantedNames).min(by: { $0.lexicographicallyPrecedes($1) }) {
                throw PluginError(.denied, message: "the wish '\(Self.id)': \(denial(of: other).message)")
            }
            return Environment(
                values: values.filter { wished.contains($0.key) },
                inherited: inherited.intersection(wished)
            )
        }
    }
}
