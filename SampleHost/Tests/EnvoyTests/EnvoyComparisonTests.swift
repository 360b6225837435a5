import AirlockProxyWasm
import AirlockTesting
import AsyncAlgorithms
import AsyncHTTPClient
import Foundation
import Gateway
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization
import Testing

/// What `make test-envoy` sets.
enum Tools {
    /// Where Envoy is.
    static let envoy = ProcessInfo.processInfo.environment["AIRLOCK_ENVOY"]
    /// The guest that was built for the comparison.
    static let guest = ProcessInfo.processInfo.environment["AIRLOCK_ENVOY_GUEST"]

    /// The folder with the sample plugins.
    static let samples = ProcessInfo.processInfo.environment["AIRLOCK_ENVOY_SAMPLES"]

    static var areThere: Bool { envoy != nil && guest != nil && samples != nil }
}

@Suite(
    "The gateway does what Envoy does",
    .enabled(if: Tools.areThere, "needs an Envoy: run it with make test-envoy"))
struct EnvoyComparisonTests {
    @Test func `filters see and do the same in both`() async throws {
        let (envoy, guest) = (try #require(Tools.envoy), try #require(Tools.guest))
        let upstream = RecordingUpstream()
        let log = RecordedLog()
        // Tells when all that came before it has been written.
        let mark = Comparison(name: "mark", scripts: [""])
        let comparisons = Comparison.all + Comparison.samples(in: try #require(Tools.samples))
        #expect(Set(comparisons.map(\.name)).count == comparisons.count)
        try await upstream.run { port in
            let process = try await EnvoyProcess(
                executable: envoy,
                EnvoyConfiguration(comparisons: comparisons + [mark], guest: guest, upstreamPort: port))
            defer { process.stop() }
            let sides = ComparedGateway(comparisons, guest: guest, upstreamPort: port, log: log)
            try await sides.run { gateway in
                for comparison in comparisons {
                    let expected = try await observe(comparison, process, mark, upstream)
                    let found = try await gateway.observe(comparison, upstream)
                    compare(comparison, envoy: expected, gateway: found)
                }
            }
        }
    }

    private func observe(
        _ comparison: Comparison, _ process: EnvoyProcess, _ mark: Comparison, _ upstream: RecordingUpstream
    ) async throws -> Observation {
        _ = upstream.take()
        var observation = try await comparison.send(to: process.ports[comparison.name] ?? 0)
        _ = try await mark.send(to: process.ports[mark.name] ?? 0)
        observation.callbacks = try await process.take(upTo: mark.filter(0)).compactMap {
            comparison.callback($0.message, of: $0.filter)
        }
        // What Envoy sends late was sent before the mark.
        observation.upstream = upstream.take().filter { !$0.hasPrefix("GET /\(mark.name)/") }
        return observation
    }

    private func compare(_ comparison: Comparison, envoy: Observation, gateway: Observation) {
        let (envoy, gateway) = (envoy.normalized(for: comparison), gateway.normalized(for: comparison))
        let found = envoy.differences(from: gateway)
        let allowed = comparison.difference?.parts ?? []
        #expect(
            found == allowed,
            "\(comparison.name)\n\(Observation.report(envoy: envoy, gateway: gateway, found.symmetricDifference(allowed)))"
        )
    }
}

extension Observation {
    func normalized(for comparison: Comparison) -> Observation {
        var observation = self
        observation.callbacks = callbacks.map(Self.withoutPorts)
        if !comparison.comparesParts { observation.callbacks = Self.joiningParts(observation.callbacks) }
        if comparison.holdsBodies { observation.callbacks = observation.callbacks.map(Self.withoutSize) }
        return observation
    }
}

extension Comparison {
    /// A line that one of its filters wrote, after the filter's position.
    func callback(_ message: String, of filter: String) -> String? {
        guard filter.hasPrefix("\(name).") else { return nil }
        return "\(filter.dropFirst(name.count + 1)) \(message)"
    }

    /// Sends its request and says what came back; the rest of it is for others to see.
    func send(to port: Int) async throws -> Observation {
        var sent = HTTPClientRequest(url: "http://127.0.0.1:\(port)/\(name)\(request.path)")
        sent.method = .RAW(value: request.method)
        for (name, value) in request.headers { sent.headers.add(name: name, value: value) }
        if let body = request.body {
            let bytes = ByteBuffer(string: body)
            sent.body = request.isChunked ? .stream([bytes].async, length: .unknown) : .bytes(bytes)
        }
        var observation = Observation()
        do {
            let response = try await HTTPClient.shared.execute(sent, timeout: .seconds(10))
            observation.status = "\(response.status.code)"
            observation.headers = Observation.comparable(response.headers.map { ($0.name, $0.value) })
            observation.body = String(buffer: try await response.body.collect(upTo: 1 << 20))
        } catch let error as HTTPClientError {
            observation.status += " \(error.shortDescription)"
        }
        return observation
    }
}
