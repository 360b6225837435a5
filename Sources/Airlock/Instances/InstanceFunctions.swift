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

    init(of version: PluginVersion, find: @escaping (String) throws(WasmtimeError) -> Function?) {
        self.version = version
        self.find = find
    }

    /// The function of that signature. One that was looked up on another plugin is looked up here by its name.
    func function(_ signature: GuestSignature) throws(PluginError) -> Function {
        if signature.index < known.count, let entry = known[signature.index], entry.signature === signature {
            return entry.function
        }
        return try lookUp(signature)
    }

    private func lookUp(_ signature: GuestSignature) throws(PluginError) -> Function {
        try version.check(signature.name, signature.type)
        let function = try function(named: signature.name)
        while known.count <= signature.index { known.append(nil) }
        known[signature.index] = Entry(signature: signature, function: function)
        return function
    }

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
