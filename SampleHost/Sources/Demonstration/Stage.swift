import Foundation
import Gateway
import Logging
import ServiceLifecycle
import UnixSignals

/// The echo upstream and the gateway, up on free loopback ports, with the sample plugins copied into a folder of their own.
struct Stage: Sendable {
    let gateway: ListenAddress
    let admin: ListenAddress
    let upstreamPort: Int
    let folder: URL
    let reports: ReportBoard

    /// Where the gateway watches `add-header`.
    var watchedFile: URL { folder.appendingPathComponent("plugins/add-header.wasm") }

    /// Replaces the watched file in one step.
    func replaceAddHeader(with name: String) throws {
        let new = try Data(contentsOf: folder.appendingPathComponent("plugins/\(name)"))
        try new.write(to: watchedFile, options: .atomic)
    }

    /// Starts everything, runs `body`, and takes everything down again.
    ///
    /// - Parameter drainsOnSignals: whether SIGTERM and SIGINT end the servers, which `body` then waits for.
    static func with<Value: Sendable>(
        plugins: String,
        drainsOnSignals: Bool = false,
        logger: Logger,
        _ body: @Sendable (Stage) async throws -> Value
    ) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("airlock-demo-\(UUID().uuidString)")
        try copyPlugins(from: URL(fileURLWithPath: plugins), to: folder.appendingPathComponent("plugins"))
        defer { try? FileManager.default.removeItem(at: folder) }
        let upstream = EchoUpstream(logger: logger)
        let upstreamGroup = ServiceGroup(configuration: .init(services: [upstream.application], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await upstreamGroup.run() }
            let port = await upstream.port
            let file = folder.appendingPathComponent("gateway.yaml")
            try Data(SampleConfiguration.yaml(upstreamPort: port).utf8).write(to: file)
            let reports = ReportBoard()
            let gateway = try await Gateway(try GatewayConfiguration(file: file.path), logger: logger) {
                reports.post($0)
            }
            let signals: [UnixSignal] = drainsOnSignals ? [.sigterm, .sigint] : []
            let gatewayGroup = ServiceGroup(
                configuration: .init(services: [gateway], gracefulShutdownSignals: signals, logger: logger))
            tasks.addTask { try await gatewayGroup.run() }
            guard let address = await gateway.address, let admin = await gateway.adminAddress else {
                throw DemonstrationError(description: "the gateway did not start")
            }
            let stage = Stage(gateway: address, admin: admin, upstreamPort: port, folder: folder, reports: reports)
            let value = try await body(stage)
            if drainsOnSignals { _ = try await tasks.next() }
            await gatewayGroup.triggerGracefulShutdown()
            await upstreamGroup.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return value
        }
    }

    private static func copyPlugins(from source: URL, to folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let names = ["add-header", "add-header-v2", "api-key-auth", "redact", "token-bucket", "unruly"].map {
            "\($0).wasm"
        }
        for name in names {
            guard let module = try? Data(contentsOf: source.appendingPathComponent(name)) else {
                throw DemonstrationError(
                    description: "there is no \(name) in \(source.path); build it with Scripts/build-guests")
            }
            try module.write(to: folder.appendingPathComponent(name))
        }
    }
}

/// Why the demonstration could not begin.
struct DemonstrationError: Error, CustomStringConvertible {
    let description: String
}
