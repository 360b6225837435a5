/// Reports each step of a reload with its duration and, where it failed, its cause.
struct ReloadSteps: Sendable {
    let events: EventHub
    let plugin: String
    let version: Int

    func take<Value: ~Copyable>(
        _ step: ReloadStep, _ body: () throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        let began = ContinuousClock.now
        do {
            let value = try body()
            send(step, since: began, nil)
            return value
        } catch {
            send(step, since: began, error)
            throw error
        }
    }

    nonisolated(nonsending) func take<Value>(
        _ step: ReloadStep, _ body: () async throws(PluginError) -> Value
    ) async throws(PluginError) -> Value {
        let began = ContinuousClock.now
        do {
            let value = try await body()
            send(step, since: began, nil)
            return value
        } catch {
            send(step, since: began, error)
            throw error
        }
    }

    private func send(_ step: ReloadStep, since began: ContinuousClock.Instant, _ error: PluginError?) {
        events.send(.step(step, error), plugin: plugin, version: version, duration: .now - began)
    }
}
