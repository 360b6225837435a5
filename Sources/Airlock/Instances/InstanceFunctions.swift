import Wasmtime

/// The exported functions of one instance, found by signature without looking names up again.
final class InstanceFunctions<Function> {
    private struct Entry {
        let signature: GuestSignature
        let function: Function
    }

    private let version: PluginVersion
    private let find: (String) throws(WasmtimeError) -> Function?
    private var known: [Entry?] = []
    /// Functions that were looked up on other plugins, which share the instance. An entry keeps its signature, so that no other one gets
    /// that identity.
    private var others: [ObjectIdentifier: Entry] = [:]

    init(of version: PluginVersion, find: @escaping (String) throws(WasmtimeError) -> Function?) {
        self.version = version
        self.find = find
    }

    /// The function of that signature. One that was looked up on another plugin is looked up here by its name.
    func function(_ signature: GuestSignature) throws(PluginError) -> Function {
        if signature.index < known.count, let entry = known[signature.index], entry.signature === signature {
            return entry.function
        }
        if let entry = others[ObjectIdentifier(signature)] { return entry.function }
        return try lookUp(signature)
    }

    private func lookUp(_ signature: GuestSignature) throws(PluginError) -> Function {
        try version.check(signature.name, signature.type)
        let entry = Entry(signature: signature, function: try function(named: signature.name))
        while known.count <= signature.index { known.append(nil) }
        if known[signature.index] == nil {
            known[signature.index] = entry
        } else {
            // Plugins come and go while the instance stays.
            if others.count >= Self.mostOthers { others = [:] }
            others[ObjectIdentifier(signature)] = entry
        }
        return entry.function
    }

    private static var mostOthers: Int { 1_000 }

    /// The module's start function, or nil where it has none.
    func start() throws(PluginError) -> Function? {
        guard let name = version.hostExports.start else { return nil }
        return try function(named: name)
    }

    /// The initialiser that a WASI reactor exports as `_initialize`, or nil.
    /// Source: WASI application ABI, "Current Unstable ABI", reactors.
    func initializer() throws(PluginError) -> Function? {
        guard version.functionType(of: "_initialize") == FunctionType(parameters: [], results: []) else { return nil }
        return try function(named: "_initialize")
    }

    private func function(named name: String) throws(PluginError) -> Function {
        let found: Function?
        do {
            found = try find(name)
        } catch {
            throw version.error(.signatureMismatch, error.message)
        }
        guard let found else { throw version.error(.missingExport, "the instance exports no function '\(name)'") }
        return found
    }
}
