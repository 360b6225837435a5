import ServiceLifecycle

/// The servers of all listeners, which begin to drain at the same time: in a service group each would wait for the next one.
struct ListeningServices: Service {
    let servers: [any Service]

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for server in servers { group.addTask { try await server.run() } }
            while try await group.next() != nil {}
        }
    }
}
