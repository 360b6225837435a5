public import Airlock
public import Logging

/// Runs `body` with a plugin host and shuts the host down afterwards, whether `body` throws or not.
///
///     try await withPluginHost { host in
///         let plugin = try await host.load(.wat("(module …)"))
///         …
///     }
///
/// - Parameters:
///   - configuration: the host's configuration; by default one worker loop, so that tests are deterministic, and modules compiled in the
///     test's own
///     process, so that nothing else has to be built.
///   - logger: where the host logs; by default nowhere.
public func withPluginHost<Value>(
    _ configuration: PluginHostConfiguration = PluginHostConfiguration(workers: 1, compilation: .inProcess),
    logger: Logger = Logger(label: "airlock.testing") { _ in SwiftLogNoOpLogHandler() },
    _ body: (PluginHost) async throws -> Value
) async throws -> Value {
    let host = try PluginHost(configuration, logger: logger)
    let result: Result<Value, any Error>
    do {
        result = .success(try await body(host))
    } catch {
        result = .failure(error)
    }
    await host.shutdown()
    return try result.get()
}
