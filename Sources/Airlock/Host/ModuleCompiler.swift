import CompilerProtocol
import Wasmtime
import WorkerLoop

/// A module that was read, checked against its bounds and compiled.
struct CompiledModule: Sendable {
    let module: Module
    /// The bytes as they came.
    let source: ModuleBytes
    /// What it contains, as counted before it was compiled.
    let inspection: ModuleInspection
    /// How the host finds its memories and its start function.
    let hostExports: HostExports
    /// The most elements that each of its tables can have, as it says itself.
    let tableMaxima: [UInt64]
    /// What its functions are called, which the engine does not know.
    let functionNames: FunctionNames

    /// The most memory that an instance of it can have, without a stack, in bytes.
    func largestMemory(_ limits: PluginLimits) -> Int {
        let linear = min(limits.memory, Int(clamping: hostExports.mostPages) * 65_536)
        let exceptions = inspection.tags > 0 ? limits.memory : 0
        let elements = tableMaxima.reduce(0) { $0 + min(limits.tableElements, Int(clamping: $1)) }
        // An element is a pointer.
        return linear + exceptions + elements * 8
    }
}

/// Reads, checks and compiles modules, on threads of its own and in processes, so that the worker loops serve calls meanwhile.
actor ModuleCompiler {
    private let engine: Engine
    private let policy: CompilationPolicy
    private let settings: CompilerSettings
    private let cache: ModuleCache?
    private let slots: CompilationSlots
    private let compilations = SharedCompilations()
    private let events: EventHub
    /// Where modules are read and checked, compiled ones read from the cache, and files watched.
    nonisolated let loop: WorkerLoop

    // Safe: the actor keeps the loop.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.unownedExecutor }

    init(_ policy: CompilationPolicy, engine: Engine, events: EventHub) throws {
        self.engine = engine
        self.policy = policy
        self.events = events
        settings = CompilerSettings(engine.configuration)
        cache = try policy.cache.map { try ModuleCache($0) }
        slots = try CompilationSlots(count: policy.concurrent)
        loop = try WorkerLoop(name: "airlock-modules")
    }

    /// Compiles what `source` holds, edited so that its memories and its start are accounted for.
    func compile(
        _ source: PluginSource,
        for plugin: String,
        version: Int,
        limits: PluginLimits,
        admit: @Sendable (_ digest: String) throws(PluginError) -> Void
    ) async throws(PluginError) -> CompiledModule {
        let steps = ReloadSteps(events: events, plugin: plugin, version: version)
        do {
            let read = try steps.take(.read) { () throws(PluginError) in
                let read = try ModuleBytes(source, most: limits.module.moduleBytes)
                try admit(read.digest)
                return read
            }
            let edited = try steps.take(.check) { () throws(PluginError) in try checked(read.bytes, limits) }
            let load = ModuleLoad(plugin: plugin, version: version, trust: source.trust)
            return CompiledModule(
                module: try await steps.take(.compile) { () async throws(PluginError) in
                    try await module(edited.bytes, load)
                },
                source: read,
                inspection: edited.inspection,
                hostExports: edited.hostExports,
                tableMaxima: edited.tableMaxima,
                functionNames: FunctionNames(
                    of: read.bytes, functions: edited.inspection.functions + edited.inspection.imports)
            )
        } catch {
            var error = error
            error.plugin = plugin
            throw error
        }
    }

    private func checked(_ bytes: [UInt8], _ limits: PluginLimits) throws(PluginError) -> EditedModule {
        let edited = try edit(bytes, limits)
        do {
            // The messages name places in the original, and what was added makes nothing valid that was not.
            try Module.validate(bytes, engine: engine)
        } catch {
            // The engine quotes names of the module.
            throw PluginError(.invalidModule, message: LogText.make(Array(error.message.utf8), atMost: 1_000).text)
        }
        try limits.checkInitialSizes(of: edited)
        return edited
    }

    /// Does something that waits for the disk, on the thread that modules are read on.
    func waiting<Value: Sendable>(
        _ body: @Sendable () throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        try body()
    }

    /// Ends all compilations and refuses those that come later.
    nonisolated func stop() async {
        await compilations.stop()
        await slots.shutdown()
        await loop.shutdown()
    }

    private func edit(_ bytes: [UInt8], _ limits: PluginLimits) throws(PluginError) -> EditedModule {
        do {
            return try EditedModule(bytes, bounds: limits.module, memoryLimit: limits.memory)
        } catch {
            throw PluginError(error, plugin: "")
        }
    }

    private func module(_ bytes: [UInt8], _ load: ModuleLoad) async throws(PluginError) -> Module {
        let began = ContinuousClock.now
        let key = CacheKey(bytes, settings)
        do {
            let result = try await compilations.module(
                for: .init(module: key, trust: load.trust), on: loop.taskExecutor
            ) {
                try await self.make(bytes, key, load)
            }
            send(.compiled(result.route), load, since: began)
            return result.module
        } catch {
            let failure = failure(error, load)
            send(.compilationFailed(failure), load, since: began)
            throw failure
        }
    }

    private func failure(_ error: any Error, _ load: ModuleLoad) -> PluginError {
        var failure =
            switch error {
            case let error as PluginError: error
            case is CancellationError:
                PluginError(.cancelled, message: "the task that loads the module was cancelled")
            default: PluginError(.compilation, message: "the module could not be compiled: \(error)")
            }
        failure.plugin = load.plugin
        return failure
    }

    private nonisolated func make(_ bytes: [UInt8], _ key: CacheKey, _ load: ModuleLoad) async throws
        -> CompilationResult
    {
        switch cache?.load(key, engine: engine) {
        case .module(let module): return CompilationResult(module: module, route: .cache)
        case .refused(let problem): send(.cacheProblem(problem), load)
        case .nothing, nil: break
        }
        let process = try await process(for: load.trust)
        return try await slots.run {
            try Task.checkCancellation()
            let route: CompilationRoute = process == nil ? .inProcess : .childProcess
            self.send(.compiling(route), load)
            let (module, compiled) = try await self.compile(bytes, with: process)
            self.keep(compiled, key, load)
            return CompilationResult(module: module, route: route)
        }
    }

    /// The module, and its compiled form where it is of use.
    private nonisolated func compile(
        _ bytes: [UInt8],
        with process: CompilerProcess?
    ) async throws -> (Module, compiled: [UInt8]?) {
        guard let process else {
            do {
                let module = try Module(engine: engine, bytes: bytes)
                return (module, cache == nil ? nil : try module.serialized())
            } catch {
                throw PluginError(.invalidModule, message: error.message)
            }
        }
        let compiled = try await process.compile(bytes)
        do {
            // The bytes came through a pipe from a process that this one started, from an executable of this host.
            return (try unsafe Module(engine: engine, unsafelyDeserializing: compiled), compiled)
        } catch {
            // A pool has limits of its own for modules, of which the process knows nothing.
            let isPooled = if case .pooling = engine.configuration.allocation { true } else { false }
            throw PluginError(
                isPooled ? .invalidModule : .compilation,
                message: "what '\(process.executable)' made of the module is not accepted: \(error.message)"
            )
        }
    }

    private nonisolated func keep(_ compiled: [UInt8]?, _ key: CacheKey, _ load: ModuleLoad) {
        guard let cache, let compiled else { return }
        do {
            try cache.store(compiled, for: key)
        } catch {
            send(.cacheProblem("the compiled module could not be kept: \(error)"), load)
        }
    }

    /// The process to compile with, or nil for the host's own.
    private func process(for trust: ModuleTrust) throws(PluginError) -> CompilerProcess? {
        switch (trust, policy.untrusted) {
        case (.trusted, _), (_, .inProcess): return nil
        case (.untrusted, .childProcess(let named)):
            return CompilerProcess(
                executable: try CompilerExecutable.find(named), limits: policy.limits, settings: settings)
        }
    }

    private nonisolated func send(
        _ kind: PluginEvent.Kind,
        _ load: ModuleLoad,
        since began: ContinuousClock.Instant? = nil
    ) {
        events.send(kind, plugin: load.plugin, version: load.version, duration: began.map { .now - $0 })
    }
}

/// What a module is compiled for.
private struct ModuleLoad: Sendable {
    let plugin: String
    let version: Int
    let trust: ModuleTrust
}
