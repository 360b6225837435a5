import ArgumentParser
import Foundation

/// Loads both servers in turns, with none, one and five filters, and prints what the filters cost.
struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Measure the gateway and Envoy beside each other.")

    @Option(help: "Envoy's executable.") var envoy: String
    @Option(help: "The filter, which adds a header to each request.") var guest: String
    @Option(help: "How often each server is loaded.") var rounds = 5
    @Option(help: "For how many seconds each time.") var seconds = 2
    @Option(help: "The first of six free ports.") var port = 18_080

    private static let counts = [0, 1, 5]

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "airlock-envoy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        var servers: [MeasuredServer] = []
        defer { for server in servers { server.stop() } }
        for (index, filters) in Self.counts.enumerated() {
            servers.append(try gateway(filters, port: port + index))
            servers.append(try envoy(filters, port: port + Self.counts.count + index, folder))
        }
        for server in servers { try await server.start() }
        // The first round warms up.
        for server in servers { try await server.measure(seconds: seconds) }
        for server in servers { server.forget() }
        for _ in 0..<rounds {
            for server in servers { try await server.measure(seconds: seconds) }
        }
        let comparison = Comparison(
            gateway: servers.filter { $0.name == "gateway" }, envoy: servers.filter { $0.name == "envoy" })
        print(comparison.table)
        if !comparison.meetsGoals { throw ExitCode(1) }
    }

    private func gateway(_ filters: Int, port: Int) throws -> MeasuredServer {
        let executable = Bundle.main.executableURL?.path ?? CommandLine.arguments[0]
        return try MeasuredServer(
            "gateway", filters: filters, port: port,
            command: [executable, "gateway", "--filters", "\(filters)", "--guest", guest, "--port", "\(port)"])
    }

    private func envoy(_ filters: Int, port: Int, _ folder: URL) throws -> MeasuredServer {
        let file = folder.appending(path: "envoy-\(filters).json")
        try EnvoyBootstrap(filters: filters, guest: guest, port: port).json().write(to: file)
        return try MeasuredServer(
            "envoy", filters: filters, port: port,
            command: [
                envoy, "--config-path", file.path, "--concurrency", "1", "--log-level", "error",
                "--use-dynamic-base-id",
            ])
    }
}
