import Airlock

/// Room for things, by the name of the shelf: a capability as small as one with a narrowing wish can be.
struct Shelf: AttenuableCapability {
    static let id: CapabilityID = "test:shelf"
    static let functions = HostFunctions<Self>(module: "shelf") {
        HostFunction("room") { (shelf, _) throws(HostError) -> Int64 in Int64(shelf.bytes) }
        HostFunction("put") { (shelf, _, size: Int64) throws(HostError) in
            guard size <= Int64(shelf.bytes) else { throw HostError(.denied, "the shelf has room for \(shelf.bytes)") }
        }
    }

    var names: [String]
    var bytes: Int

    init(names: [String], bytes: Int) {
        self.names = names
        self.bytes = bytes
    }

    init(policy fields: inout ManifestFields) throws(PluginError) {
        names = try fields.texts("names") ?? []
        bytes = try fields.byteCount("bytes", in: 0...1 << 20) ?? 1_024
    }

    func attenuated(to wish: CapabilityWish) throws(PluginError) -> Shelf {
        try wish.read { (fields) throws(PluginError) in
            let wanted = try fields.texts("names") ?? names
            for name in wanted where !names.contains(name) {
                throw PluginError(.denied, message: "the shelf '\(name)' is not among \(names)")
            }
            return Shelf(names: wanted, bytes: min(bytes, try fields.byteCount("bytes") ?? bytes))
        }
    }

    var summary: String { "shelves \(names.joined(separator: ", ")), at most \(bytes) bytes" }
}

/// A capability of one function, without anything to narrow.
struct Bell: AttenuableCapability {
    static let id: CapabilityID = "test:bell"
    static let functions = HostFunctions<Self>(module: "bell") {
        HostFunction("ring") { (_, _) throws(HostError) in }
    }

    func attenuated(to wish: CapabilityWish) throws(PluginError) -> Bell {
        try wish.read { (_) throws(PluginError) in self }
    }

    var summary: String { "a bell" }
}
