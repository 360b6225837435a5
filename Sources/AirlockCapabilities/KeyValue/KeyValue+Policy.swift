public import Airlock

extension KeyValue {
    /// Reads a grant from a policy: `namespace`, which must be there, `bytes`, `keys`, `bytesPerKey`, `bytesPerValue`, each with the
    /// default of ``KeyValueLimits``, and `readOnly`.
    public init(policy fields: inout ManifestFields, store: any KeyValueStore) throws(PluginError) {
        guard let namespace = try fields.text("namespace") else {
            throw fields.missing("namespace", expected: "the name of a namespace")
        }
        let usual = KeyValueLimits()
        self.init(
            store,
            namespace: KeyValueNamespace(namespace),
            limits: KeyValueLimits(
                bytes: try fields.byteCount("bytes") ?? usual.bytes,
                keys: try fields.integer("keys", in: 0...Int.max) ?? usual.keys,
                bytesPerKey: try fields.byteCount("bytesPerKey") ?? usual.bytesPerKey,
                bytesPerValue: try fields.byteCount("bytesPerValue") ?? usual.bytesPerValue
            ),
            isReadOnly: try fields.boolean("readOnly") ?? false
        )
    }

    /// A wish may name the `namespace`, `bytes`, `keys`, `bytesPerKey`, `bytesPerValue` and `readOnly`; numbers above this grant are cut
    /// down to it.
    /// - Throws: ``PluginError/Code/denied`` where the namespace is another one.
    public func attenuated(to wish: CapabilityWish) throws(PluginError) -> Self {
        try wish.read { (fields) throws(PluginError) in
            if let name = try fields.text("namespace"), KeyValueNamespace(name) != namespace {
                let (asked, granted) = (LogText.quoted(Array(name.utf8)), LogText.quoted(namespace.bytes))
                throw PluginError(
                    .denied,
                    message: "the wish '\(Self.id)' asks for the namespace \(asked); granted is \(granted)"
                )
            }
            return KeyValue(
                store,
                namespace: namespace,
                limits: KeyValueLimits(
                    bytes: min(limits.bytes, try fields.byteCount("bytes") ?? .max),
                    keys: min(limits.keys, try fields.integer("keys", in: 0...Int.max) ?? .max),
                    bytesPerKey: min(limits.bytesPerKey, try fields.byteCount("bytesPerKey") ?? .max),
                    bytesPerValue: min(limits.bytesPerValue, try fields.byteCount("bytesPerValue") ?? .max)
                ),
                isReadOnly: try fields.boolean("readOnly") == true || isReadOnly
            )
        }
    }
}
