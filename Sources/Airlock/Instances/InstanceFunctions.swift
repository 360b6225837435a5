import Wasmtime

/// The exported functions of one instance, found by signature without looking names up again.
struct InstanceFunctions {
    let version: PluginVersion
    private let instance: Instance
    private var known: [(signature: GuestSignature, function: RawFunction)?] = []

    init(_ instance: Instance, of version: PluginVersion) {
        self.instance = instance
        self.version = version
    }

    /// The function of that signature. One that was looked up on another plugin is looked up here by its name.
    mutating func function(_ signature: GuestSignature) throws(PluginError) -> RawFunction {
        if signature.index < known.count, let entry = known[signature.index], entry.signature === signature {
            return entry.function
        }
        try version.check(signature.name, signature.type)
        let found = try rawFunction(signature.name)
        while known.count <= signature.index { known.append(nil) }
        known[signature.index] = (signature, found)
        return found
    }

    /// The exported function of that name.
    func rawFunction(_ name: String) throws(PluginError) -> RawFunction {
        let found: RawFunction?
        do {
            found = try instance.rawFunction(name)
        } catch {
            throw version.error(.signatureMismatch, error.message)
        }
        guard let found else { throw version.error(.missingExport, "the instance exports no function '\(name)'") }
        return found
    }
}

extension CallSlots {
    /// Calls the function with the arguments in the slots, and leaves its first result there.
    mutating func run(_ function: RawFunction) throws(WasmtimeError) {
        try unsafe withRawValues(results: function.type.results.count) { (raw) throws(WasmtimeError) in
            try unsafe function.call(raw)
        }
    }
}
