import Foundation
import Gateway
import Testing

/// Many reloads under load. `AIRLOCK_SOAK_SECONDS` says how long; a minute otherwise.
@Suite struct `Soak` {
    private static let seconds = ProcessInfo.processInfo.environment["AIRLOCK_SOAK_SECONDS"].flatMap { Int($0) } ?? 60
    /// What a process needs until its pools and caches are as large as they become.
    private static let warmUp = 15
    private static let turnsEachSecond = 5

    private static func configuration(_ upstream: ListenAddress) -> String {
        """
        listen: 127.0.0.1:0
        admin: 127.0.0.1:0
        canaryKey: { header: x-user }
        upstreams: { echo: { url: "http://\(upstream)" } }
        plugins:
          - name: tried
            path: tried.wasm
            limits: { fuel: 500000000, deadline: 5s }
            reload: { watch: true, strategy: canary, share: 50%, window: 100ms, errorBudget: 0%, errorBudgetCalls: 1 }
          - name: replaced
            path: replaced.wasm
            limits: { fuel: 500000000, deadline: 5s }
            reload: { watch: true, strategy: immediate }
        routes:
          - match: { prefix: / }
            filters: [tried, replaced]
            upstream: echo

        """
    }

    @Test func `no request is lost, and nothing grows, while versions come and go`() async throws {
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            let folder = try TemporaryFolder()
            try folder.write(Self.configuration(upstream), to: "gateway.yaml")
            for name in ["tried", "replaced"] {
                let first = SoakGuest(kind: .good, build: 0)
                try folder.write(try first.module(filter: name), to: SoakedFilter.file(name))
            }
            let gateway = try GatewayProcess(configuration: "\(folder.path)/gateway.yaml")
            let filters = [
                SoakedFilter("tried", isTried: true, in: folder, admin: gateway.admin),
                SoakedFilter("replaced", isTried: false, in: folder, admin: gateway.admin),
            ]
            let warmUp = try await Self.run(filters, on: gateway.address, seconds: Self.warmUp)
            #expect(warmUp.failures == [])
            let before = try await gateway.usageAtRest()
            let tally = try await Self.run(filters, on: gateway.address, seconds: Self.seconds)
            #expect(tally.failures == [])
            let after = try await gateway.usageAtRest()
            var figures = SoakFigures(seconds: Self.seconds, requests: tally, before: before, after: after)
            for filter in filters { try await figures.add(filter) }
            print(figures)
            // Each kind was met, and what was bad did not stay.
            #expect(tally.builds.count > 5)
            #expect(figures.overdrawn > 0)
            if let before, let after {
                #expect(Double(after.memory) <= Double(before.memory) * 1.05)
                // Connections to the upstream come and go.
                #expect(after.descriptors <= before.descriptors + SoakLoad.connections)
            }
            #expect(gateway.stop() == 0)
        }
    }

    /// Sends requests for a while, and has versions come and go meanwhile.
    private static func run(
        _ filters: [SoakedFilter], on gateway: ListenAddress, seconds: Int
    ) async throws -> SoakLoad.Tally {
        let load = SoakLoad(on: gateway, through: filters.map(\.name))
        async let tally = load.run()
        let began = ContinuousClock.now
        for turn in 1...(seconds * turnsEachSecond) {
            let filter = filters[turn % filters.count]
            try filter.writeNext()
            switch turn % 25 {
            case 11, 12: try await filter.rollBack()
            case 23, 24: try await filter.quarantine(load)
            default: break
            }
            // Paces the changes; nothing is waited for by it.
            try await Task.sleep(until: began + .seconds(turn) / turnsEachSecond, clock: .continuous)
        }
        load.end()
        return await tally
    }
}
