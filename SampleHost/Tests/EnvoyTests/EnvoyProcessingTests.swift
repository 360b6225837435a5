import AirlockTesting
import Testing

@Suite(
    "Filters that an Envoy has an external processor for do what filters of the gateway do",
    .enabled(if: Tools.areThere, "needs an Envoy: run it with make test-envoy"))
struct EnvoyProcessingTests {
    @Test func `filters see and do the same in both`() async throws {
        let (envoy, guest) = (try #require(Tools.envoy), try #require(Tools.guest))
        let upstream = RecordingUpstream()
        let log = RecordedLog()
        let exchanges = ProcessedExchange.all
        let comparisons = exchanges.map(\.comparison)
        #expect(Set(comparisons.map(\.name)).count == comparisons.count)
        let bodies = Dictionary(exchanges.map { ($0.comparison.name, $0.bodies) }) { first, _ in first }
        try await upstream.run { port in
            let processors = ComparedProcessors(comparisons: comparisons, guest: guest, upstreamPort: port, log: log)
            let plain = ComparedGateway(comparisons, guest: guest, upstreamPort: port, log: log)
            try await processors.run { processor, ended in
                let process = try await EnvoyProcess(
                    executable: envoy,
                    EnvoyConfiguration(
                        comparisons: comparisons, guest: guest, upstreamPort: port,
                        processing: .init(port: processor, bodies: bodies)))
                defer { process.stop() }
                try await plain.run { gateway in
                    for comparison in comparisons {
                        let found = try await observe(comparison, process, ended, upstream, log)
                        let expected = try await gateway.observe(comparison, upstream)
                        compare(comparison, processed: found, gateway: expected)
                    }
                }
            }
        }
    }

    private func observe(
        _ comparison: Comparison, _ process: EnvoyProcess, _ ended: AsyncStream<Void>, _ upstream: RecordingUpstream,
        _ log: RecordedLog
    ) async throws -> Observation {
        _ = upstream.take()
        let before = log.lines.count
        var observation = try await comparison.send(to: process.ports[comparison.name] ?? 0)
        for await _ in ended { break }
        observation.upstream = upstream.take()
        observation.callbacks = log.lines.dropFirst(before).compactMap { line in
            line.source == "ProxyWasmGuest"
                ? comparison.callback(line.message, of: line.metadata["filter"] ?? "") : nil
        }
        return observation
    }

    private func compare(_ comparison: Comparison, processed: Observation, gateway: Observation) {
        let (processed, gateway) = (processed.normalized(for: comparison), gateway.normalized(for: comparison))
        let found = processed.differences(from: gateway)
        let allowed = comparison.difference?.parts ?? []
        #expect(
            found == allowed,
            "\(comparison.name)\n\(Observation.report(envoy: processed, gateway: gateway, found.symmetricDifference(allowed)))"
        )
    }
}
