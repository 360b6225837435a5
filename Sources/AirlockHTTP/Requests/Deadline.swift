/// Runs `body`, and cancels it when the time has passed.
/// - Throws: ``HTTPEgressResult/timedOut`` then, else what `body` throws.
func within<Value: Sendable>(
    _ time: Duration,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: time)
            return nil
        }
        defer { group.cancelAll() }
        guard case .some(.some(let value)) = try await group.next() else { throw HTTPEgressResult.timedOut }
        return value
    }
}
