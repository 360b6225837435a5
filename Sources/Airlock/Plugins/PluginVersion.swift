import Synchronization
public import Wasmtime
import WorkerLoop

/// One version of a plugin's code: compiled, checked and linked with what it was granted. Versions are numbered from 1
/// in the order in which they were loaded.
public final class PluginVersion: Sendable {
    /// The plugin's name.
    public let plugin: String
    /// The version's number.
    public let number: Int
    /// The SHA-256 of the module's bytes, in hexadecimal.
    public let digest: String
    /// Where the module was read from, such as `plugins/search/1.10.0/plugin.wasm` of a folder of versions: the path of its file, or what was
    /// said of its bytes (``PluginSource/place``). Nil where nothing was, and after a restart of what a ``ReleaseStore`` kept.
    public let place: String?
    /// What the module imports.
    public let imports: [ImportType]
    /// What the module exports.
    public let exports: [ExportType]
    /// The limits that its calls run under.
    public let limits: PluginLimits
    /// Its manifest; nil where it has none, or was not loaded under a policy.
    public let manifest: PluginManifest?
    /// What is kept of the manifest; nil where it was not loaded under a policy.
    let keptManifest: KeptManifest?

    /// What it was granted.
    package let grants: [any Capability]
    let linked: Linked
    let hostExports: HostExports
    let functionNames: FunctionNames
    let engine: Engine
    let signatures: GuestSignatures
    /// What it shares with other plugins.
    package let quota: Quota?
    /// The host functions that it is linked with.
    let hostFunctions: HostCallCounts.Names
    /// The instances of its host.
    let census: InstanceCensus
    /// The most memory that one of its instances can have, in bytes: linear memory, a heap for exception objects where it can throw any,
    /// its tables, and the stack of a suspendable one.
    let largestMemory: Int

    private let banned = Atomic(false)

    /// Notes that nothing of it is to live on, not even its state.
    func ban() { banned.store(true, ordering: .relaxed) }

    var isBanned: Bool { banned.load(ordering: .relaxed) }

    enum Linked: Sendable {
        case runToCompletion(PrelinkedModule<InstanceState>)
        case suspendable(AsyncPrelinkedModule<InstanceState>)
    }

    init(
        number: Int,
        module: CompiledModule,
        manifest: PluginManifest?,
        keptManifest: KeptManifest?,
        specification: PluginSpecification,
        linked: Linked,
        signatures: GuestSignatures,
        census: InstanceCensus
    ) {
        plugin = specification.name
        self.number = number
        digest = module.source.digest
        place = module.source.place
        self.manifest = manifest
        self.keptManifest = keptManifest
        imports = module.module.imports
        exports = module.module.exports.filter { !module.hostExports.hidden.contains($0.name) }
        hostExports = module.hostExports
        functionNames = module.functionNames
        engine = module.module.engine
        limits = specification.limits
        largestMemory =
            module.largestMemory(limits)
            + (specification.mode == .suspendable ? engine.configuration.asyncStackSize : 0)
        grants = specification.grants
        quota = specification.quota
        hostFunctions = specification.hostFunctions
        self.linked = linked
        self.signatures = signatures
        self.census = census
    }

    /// The exported function's type, or nil where the module exports no function of that name.
    public func functionType(of name: String) -> FunctionType? {
        for export in exports where export.name == name {
            if case .function(let type) = export.type { return type }
        }
        return nil
    }

    /// The exported function of that name, or nil where there is none.
    /// - Throws: ``PluginError/Code/signatureMismatch`` where it has another type; the message shows both.
    @inlinable
    public func function<Result: GuestResult, each Parameter: WasmValue>(
        _ name: String,
        taking parameter: repeat (each Parameter).Type,
        returning result: Result.Type = NoResult.self
    ) throws(PluginError) -> GuestFunction<Result, repeat each Parameter>? {
        let type = FunctionType.of(repeat each parameter, returning: result)
        guard functionType(of: name) != nil else { return nil }
        return try GuestFunction(signature(name, type, isRequired: false))
    }

    @usableFromInline
    func signature(_ name: String, _ type: FunctionType, isRequired: Bool) throws(PluginError) -> GuestSignature {
        try check(name, type)
        return signatures.signature(name, type, isRequired: isRequired)
    }

    /// Throws unless the module exports a function of that name and type.
    func check(_ name: String, _ expected: FunctionType) throws(PluginError) {
        guard let found = functionType(of: name) else {
            throw error(.missingExport, "the module exports no function '\(name)'; expected one of type \(expected)")
        }
        guard found == expected else {
            throw error(
                .signatureMismatch,
                "the exported function '\(name)' has the type \(found), expected \(expected)"
            )
        }
        guard expected.parameters.count <= CallSlots.capacity else {
            throw error(
                .signatureMismatch,
                "the exported function '\(name)' has \(expected.parameters.count) parameters, expected at most \(CallSlots.capacity)"
            )
        }
    }

    func error(_ code: PluginError.Code, _ message: String) -> PluginError {
        PluginError(code, plugin: plugin, version: number, message: message)
    }
}
