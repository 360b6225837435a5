import Airlock
import Foundation
import Gateway
import Testing

@Suite(.timeLimit(.minutes(2))) struct `A gateway that is started again` {
    @Test func `serves what was promoted last, also after it was killed and though the file is no filter any more`()
        async throws
    {
        let folder = try TemporaryFolder()
        let guests = try await SampleGuests.folder()
        @Sendable func put(_ name: String) throws {
            try folder.write(Data(contentsOf: guests.appendingPathComponent("\(name).wasm")), to: "filter.wasm")
        }
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try folder.write(
                """
                listen: 127.0.0.1:0
                admin: 127.0.0.1:0
                releaseStore: releases
                upstreams: { up: { url: "http://\(upstream)" } }
                plugins: [{ name: filter, path: filter.wasm, reload: watch }]
                routes: [{ match: { prefix: / }, filters: [filter], upstream: up }]
                """,
                to: "gateway.yaml"
            )
            try put("add-header")
            let first = try GatewayProcess(configuration: "\(folder.path)/gateway.yaml")
            #expect(try await build(first) == "1")
            try put("add-header-v2")
            while try await build(first) != "2" {}
            try folder.write("not WebAssembly", to: "filter.wasm")
            first.kill()

            let second = try GatewayProcess(configuration: "\(folder.path)/gateway.yaml")
            #expect(try await build(second) == "2")
            second.kill()
        }
    }

    /// Which build of the sample answers.
    private func build(_ gateway: GatewayProcess) async throws -> String? {
        let response = try await RawConnection.with(gateway.address) { connection in
            try await connection.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            return try await connection.rest()
        }
        let field = response.lowercased().components(separatedBy: "\r\n").first { $0.hasPrefix("x-airlock-build:") }
        return field?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
    }

    @Test func `is refused where another one uses its releases`() async throws {
        let folder = try TemporaryFolder()
        let store = try ReleaseStore(folder: "\(folder.path)/releases")
        let configuration = GatewayConfiguration(
            listen: ListenAddress(host: "127.0.0.1", port: 0), releaseStore: store.folder, routes: [])
        let error = await #expect(throws: GatewayError.self) {
            try await Gateway(configuration, logger: RunningGateway.logger)
        }
        #expect(error?.reasons.first?.contains("'\(store.folder)' is in use by another host") == true)
    }
}
