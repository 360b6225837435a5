import Airlock
import AirlockProxyWasm
import AsyncHTTPClient
import Foundation
import Gateway
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization

/// What replacing a filter costs the requests through it, with real HTTP through the gateway of SampleHost.
extension Row {
    /// The 99th percentile of requests at a constant rate while the filter is replaced five times a second, against the same without.
    static func requestsDuringReloads(_ plugins: String) async throws -> Row {
        try await ReloadedGateway.with(plugins) { gateway in
            var (quiet, reloading): ([Duration], [Duration]) = ([], [])
            for round in 0...5 {
                let first = try await gateway.latencies(seconds: 2, reloadEvery: nil)
                let second = try await gateway.latencies(seconds: 2, reloadEvery: .milliseconds(200))
                guard round > 0 else { continue }
                quiet += first
                reloading += second
            }
            return Row(name: "reload-p99", value: p99(reloading), floor: p99(quiet), goal: 1.5)
        }
    }

    /// From a filter's file written to the first answer of the new version, against 50 milliseconds.
    static func fileToRequest(_ plugins: String) async throws -> Row {
        try await ReloadedGateway.with(plugins) { gateway in
            var times: [Double] = []
            for _ in 0...20 {
                let build = try gateway.writeOther()
                let written = ContinuousClock.now
                while try await gateway.build() != build {}
                times.append((ContinuousClock.now - written) / .nanoseconds(1))
            }
            return Row(name: "file-to-request", value: times.dropFirst().sorted()[10], floor: 50_000_000, goal: 1)
        }
    }

    private static func p99(_ latencies: [Duration]) -> Double {
        latencies.sorted()[latencies.count * 99 / 100] / .nanoseconds(1)
    }
}

/// A gateway with the sample add-header, whose file is watched, before another one that answers.
private final class ReloadedGateway: Sendable {
    private static let connections = 4
    private static let interval = Duration.milliseconds(4)

    private let address: ListenAddress
    private let file: URL
    private let builds: [String: Data]
    private let client: HTTPClient
    private let written = Mutex("1")

    private init(_ address: ListenAddress, file: URL, builds: [String: Data], client: HTTPClient) {
        (self.address, self.file, self.builds, self.client) = (address, file, builds, client)
    }

    static func with<Value: Sendable>(
        _ plugins: String, _ body: @Sendable (ReloadedGateway) async throws -> Value
    ) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appending(path: "airlock-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let builds = try ["1": "add-header", "2": "add-header-v2"].mapValues { name in
            try Data(contentsOf: URL(filePath: plugins).appending(path: "\(name).wasm"))
        }
        let file = folder.appending(path: "filter.wasm")
        try builds["1"]?.write(to: file)
        let filter = FilterConfiguration(name: "filter", source: .file(file.path))
        return try await serve(.respond(status: 200, body: "ok")) { upstream in
            let action = RouteConfiguration.Action.forward(filters: ["filter"], upstream: "up")
            return try await serve(action, [PluginConfiguration(filter: filter, watchesFile: true)], upstream) {
                address in
                let client = HTTPClient(eventLoopGroupProvider: .singleton)
                let value: Value
                do {
                    value = try await body(ReloadedGateway(address, file: file, builds: builds, client: client))
                } catch {
                    try? await client.shutdown()
                    throw error
                }
                try await client.shutdown()
                return value
            }
        }
    }

    private static func serve<Value: Sendable>(
        _ action: RouteConfiguration.Action,
        _ plugins: [PluginConfiguration] = [],
        _ upstream: ListenAddress? = nil,
        _ body: @Sendable (ListenAddress) async throws -> Value
    ) async throws -> Value {
        guard let everything = PathPrefix("/") else { throw BenchmarkError("no prefix") }
        let logger = Logger(label: "benchmarks") { _ in SwiftLogNoOpLogHandler() }
        let gateway = try await Gateway(
            GatewayConfiguration(
                listen: ListenAddress(host: "127.0.0.1", port: 0),
                upstreams: upstream.map { ["up": UpstreamConfiguration(url: "http://\($0)")] } ?? [:],
                plugins: plugins,
                routes: [RouteConfiguration(prefix: everything, action: action)]
            ),
            logger: logger
        )
        let group = ServiceGroup(configuration: .init(services: [gateway], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            guard let address = await gateway.address else { throw BenchmarkError("the gateway did not start") }
            let value = try await body(address)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return value
        }
    }

    /// Renames the other build over the file, and says which one it is.
    @discardableResult
    func writeOther() throws -> String {
        let build = written.withLock { build in
            build = build == "1" ? "2" : "1"
            return build
        }
        try builds[build]?.write(to: file, options: .atomic)
        return build
    }

    /// Which build answers.
    func build() async throws -> String? {
        let response = try await client.execute(HTTPClientRequest(url: "http://\(address)/"), timeout: .seconds(10))
        _ = try await response.body.collect(upTo: 1 << 10)
        try BenchmarkError.require(response.status == .ok, "the gateway answered with \(response.status)")
        return response.headers.first(name: "x-airlock-build")
    }

    /// How long requests took that came at a constant rate.
    func latencies(seconds: Int, reloadEvery pause: Duration?) async throws -> [Duration] {
        let end = ContinuousClock.now + .seconds(seconds)
        let writer = Task {
            guard let pause else { return }
            while .now < end - pause {
                try self.writeOther()
                try await Task.sleep(for: pause)
            }
        }
        let latencies = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for _ in 1...Self.connections { group.addTask { try await self.latencies(until: end) } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        try await writer.value
        return latencies
    }

    private func latencies(until end: ContinuousClock.Instant) async throws -> [Duration] {
        var latencies: [Duration] = []
        var due = ContinuousClock.now
        var ended = due
        while due < end {
            try await Task.sleep(until: due, clock: .continuous)
            // One that waits for the one before waits as well; what the timer is late does not count.
            let began = ended > due ? due : .now
            _ = try await build()
            ended = .now
            latencies.append(ended - began)
            due += Self.interval
        }
        return latencies
    }
}
