import Wasmtime
import WorkerLoop

/// A module that was read, checked against its bounds and compiled.
struct CompiledModule: Sendable {
    let module: Module
    /// SHA-256 of the bytes as they came, in hexadecimal.
    let digest: String
    /// What it contains, as counted before it was compiled.
    let inspection: ModuleInspection
    /// How its memories are found and accounted for.
    let memories: MemoryAccounts
}

/// Reads and compiles modules on a thread of its own, so that the worker loops serve calls meanwhile.
actor ModuleCompiler {
    private let engine: Engine
    private let loop: WorkerLoop

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.unownedExecutor }

    init(engine: Engine) throws(WorkerLoopError) {
        self.engine = engine
        loop = try WorkerLoop(name: "airlock-compile")
    }

    /// Compiles what `source` holds, edited so that its memories are accounted for.
    func compile(_ source: PluginSource, for plugin: String, limits: PluginLimits) throws(PluginError) -> CompiledModule
    {
        do {
            let read = try ModuleBytes(source, most: limits.module.moduleBytes)
            let edited = try edit(read.bytes, limits)
            // The messages name places in the original, and what was added makes nothing valid that was not.
            try Module.validate(read.bytes, engine: engine)
            let module = try Module(engine: engine, bytes: edited.bytes)
            return CompiledModule(
                module: module, digest: read.digest, inspection: edited.inspection, memories: edited.accounts)
        } catch let error as WasmtimeError {
            throw PluginError(.invalidModule, plugin: plugin, message: error.message)
        } catch var error as PluginError {
            error.plugin = plugin
            throw error
        } catch {
            throw PluginError(.invalidModule, plugin: plugin, message: "\(error)")
        }
    }

    nonisolated func stop() async {
        await loop.shutdown()
    }

    private func edit(_ bytes: [UInt8], _ limits: PluginLimits) throws(PluginError) -> EditedModule {
        do {
            return try EditedModule(bytes, bounds: limits.module, memoryLimit: limits.memory)
        } catch {
            throw PluginError(error, plugin: "")
        }
    }
}
