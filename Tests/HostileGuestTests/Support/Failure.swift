import Airlock
import Testing

/// The `PluginError` that `attack` must end in, after a look at its code and its plugin.
func failure(
    _ code: PluginError.Code,
    of plugin: String = "hostile",
    sourceLocation: SourceLocation = #_sourceLocation,
    _ attack: () async throws -> Void
) async throws -> PluginError {
    let error = try await #require(throws: PluginError.self, sourceLocation: sourceLocation) { try await attack() }
    try #require(error.code == code, "\(error)", sourceLocation: sourceLocation)
    try #require(error.plugin == plugin, sourceLocation: sourceLocation)
    try #require(!error.message.isEmpty, sourceLocation: sourceLocation)
    return error
}

/// What `body` does, as often as it takes: on a machine that is busy, what is right may meet a short deadline, too.
@discardableResult
func patiently<Value>(_ body: () async throws -> Value) async throws -> Value {
    for _ in 0..<1_000 {
        do {
            return try await body()
        } catch let error as PluginError where error.code == .deadline {
            await Task.yield()
        }
    }
    return try await body()
}

extension PluginLimits {
    /// Limits under which fuel ends a loop after some microseconds, however busy the machine is.
    static func scarceFuel(_ fuel: UInt64 = 10_000) -> PluginLimits {
        PluginLimits(fuel: fuel, deadline: .seconds(60))
    }

    /// Limits under which nothing but the deadline ends a loop.
    static func shortDeadline(_ deadline: Duration = .milliseconds(1)) -> PluginLimits {
        PluginLimits(fuel: .max, deadline: deadline)
    }

    /// Limits that no case is meant to meet, on a machine that may be busy.
    static let patient = PluginLimits(deadline: .seconds(60))
}
