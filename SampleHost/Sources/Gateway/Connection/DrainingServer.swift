import ServiceLifecycle

/// The server for clients; not ready any more as soon as it begins to drain.
struct DrainingServer<Base: Service>: Service {
    let server: Base
    let readiness: Readiness

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await server.run()
        } onGracefulShutdown: {
            readiness.end()
        }
    }
}
