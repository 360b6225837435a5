import Wasmtime
import WorkerLoop

/// A module that was read, checked against its bounds and compiled.
struct CompiledModule: Sendable {
    let module: Module
    /// SHA-256 of the bytes, in hexadecimal.
    let digest: String
    /// What it contains, as counted before it was compiled.
    let inspection: ModuleInspection
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

    /// Compiles what `source` holds.
    func compile(_ source: PluginSource, for plugin: String, bounds: ModuleBounds) throws(PluginError) -> CompiledModule
    {
        do {
            let read = try ModuleBytes(source, most: bounds.moduleBytes)
            let inspection = try check(read.bytes, bounds)
            let module = try Module(engine: engine, bytes: read.bytes)
            return CompiledModule(module: module, digest: read.digest, inspection: inspection)
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

    private func check(_ bytes: [UInt8], _ bounds: ModuleBounds) throws(PluginError) -> ModuleInspection {
        do {
            return try bounds.check(bytes)
        } catch {
            throw PluginError(error, plugin: "")
        }
    }
}
