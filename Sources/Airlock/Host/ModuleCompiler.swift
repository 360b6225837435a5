import Crypto
import FoundationEssentials
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
            let bytes = try bytes(of: source, plugin: plugin, most: bounds.moduleBytes)
            let inspection = try check(bytes, bounds, plugin: plugin)
            let module = try Module(engine: engine, bytes: bytes)
            return CompiledModule(module: module, digest: SHA256.hash(data: bytes).hexadecimal, inspection: inspection)
        } catch let error as WasmtimeError {
            throw PluginError(.invalidModule, plugin: plugin, message: error.message)
        } catch let error as PluginError {
            throw error
        } catch {
            throw PluginError(.invalidModule, plugin: plugin, message: "\(error)")
        }
    }

    nonisolated func stop() async {
        await loop.shutdown()
    }

    private func check(_ bytes: [UInt8], _ bounds: ModuleBounds, plugin: String) throws(PluginError) -> ModuleInspection
    {
        do {
            return try bounds.check(bytes)
        } catch {
            throw PluginError(error, plugin: plugin)
        }
    }

    private func bytes(of source: PluginSource, plugin: String, most: Int) throws -> [UInt8] {
        switch source {
        case .bytes(let bytes): return bytes
        case .wat(let text): return try Module.binary(ofWAT: text)
        case .file(let path):
            let attributes = try FileManager.default.attributesOfItem(
                atPath: URL(filePath: path).resolvingSymlinksInPath().path
            )
            guard attributes[.type] as? FileAttributeType == .typeRegular else {
                throw PluginError(.invalidModule, plugin: plugin, message: "'\(path)' is not a regular file")
            }
            let size = (attributes[.size] as? Int) ?? 0
            guard size <= most else {
                throw PluginError(
                    .moduleBounds,
                    plugin: plugin,
                    message: "the file '\(path)' has \(size) bytes",
                    limit: UInt64(most),
                    used: UInt64(size)
                )
            }
            return try Array(Data(contentsOf: URL(filePath: path)))
        }
    }
}

extension SHA256.Digest {
    fileprivate var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
