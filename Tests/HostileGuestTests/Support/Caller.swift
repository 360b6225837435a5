import Airlock
import Wasmtime

/// A hostile plugin of one kind or the other, where a case is the same for both.
enum Caller {
    case runToCompletion(Plugin)
    case suspendable(SuspendablePlugin)

    init(
        _ source: PluginSource,
        _ isSuspendable: Bool,
        granting grants: [any Capability] = [],
        limits: PluginLimits = .patient,
        quota: Quota? = nil,
        on host: PluginHost
    ) async throws {
        if isSuspendable {
            self = .suspendable(
                try await patiently {
                    try await host.loadSuspendable(
                        source, name: "hostile", granting: grants, limits: limits, quota: quota)
                })
        } else {
            self = .runToCompletion(
                try await patiently {
                    try await host.load(source, name: "hostile", granting: grants, limits: limits, quota: quota)
                })
        }
    }

    func function<Result: GuestResult, each Parameter: WasmValue>(
        _ name: String,
        taking parameter: repeat (each Parameter).Type,
        returning result: Result.Type = NoResult.self
    ) throws -> GuestFunction<Result, repeat each Parameter> {
        switch self {
        case .runToCompletion(let plugin): try plugin.function(name, taking: repeat each parameter, returning: result)
        case .suspendable(let plugin): try plugin.function(name, taking: repeat each parameter, returning: result)
        }
    }

    @discardableResult
    func call<Result: GuestResult, each Parameter: WasmValue>(
        _ function: GuestFunction<Result, repeat each Parameter>,
        _ argument: repeat each Parameter
    ) async throws -> CallResult<Result> {
        switch self {
        case .runToCompletion(let plugin): try await plugin.call(function, repeat each argument)
        case .suspendable(let plugin): try await plugin.call(function, repeat each argument)
        }
    }

    func reload(from source: PluginSource) async throws {
        switch self {
        case .runToCompletion(let plugin): try await plugin.reload(from: source)
        case .suspendable(let plugin): try await plugin.reload(from: source)
        }
    }

    func unload() async {
        switch self {
        case .runToCompletion(let plugin): await plugin.unload()
        case .suspendable(let plugin): await plugin.unload()
        }
    }
}
