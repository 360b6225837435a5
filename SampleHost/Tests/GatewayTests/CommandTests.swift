import Foundation
import Gateway
import Hummingbird
import NIOCore
import Testing

@Suite struct `The SampleHost command` {
    /// The executable that was built beside the tests.
    private static var executable: URL? {
        Bundle.main.executableURL?.deletingLastPathComponent().appendingPathComponent("SampleHost")
    }

    @Test func `--check accepts a configuration that is right, and says what is wrong with one that is not`()
        async throws
    {
        let folder = try TemporaryFolder()
        let routes = "routes: [{ match: { prefix: / }, respond: { status: 200, body: ok } }]"
        try folder.write("listen: 127.0.0.1:0\n\(routes)\n", to: "right.yaml")
        try folder.write("listen: nowhere\n\(routes)\n", to: "wrong.yaml")
        let right = try await run(["--check", "--config", "\(folder.path)/right.yaml"])
        #expect(right.status == 0)
        #expect(right.output == "\(folder.path)/right.yaml: ok\n")
        let wrong = try await run(["--check", "--config", "\(folder.path)/wrong.yaml"])
        #expect(wrong.status == 78)
        #expect(wrong.errors.hasPrefix("\(folder.path)/wrong.yaml:1: listen: expected an address"))
    }

    @Test func `SIGTERM lets the request in progress finish, then the process ends with 0`() async throws {
        let begun = AsyncStream<Void>.makeStream()
        let goOn = AsyncStream<Void>.makeStream()
        let answer: TestUpstream.Answer = { _ in
            begun.continuation.finish()
            for await _ in goOn.stream {}
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "finished")))
        }
        try await TestUpstream.with(answer) { upstream in
            let folder = try TemporaryFolder()
            try folder.write(
                """
                listen: 127.0.0.1:0
                upstreams: { up: { url: "http://\(upstream)" } }
                routes: [{ match: { prefix: / }, upstream: up }]
                """,
                to: "gateway.yaml"
            )
            let process = Process()
            let errors = Pipe()
            process.executableURL = Self.executable
            process.arguments = ["--config", "\(folder.path)/gateway.yaml"]
            process.standardError = errors
            try process.run()
            let line = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
            let port = try #require(
                line.split(separator: ":").last.flatMap { Int($0.prefix { $0.isNumber }) }, "\(line)")
            try await RawConnection.with(ListenAddress(host: "127.0.0.1", port: port)) { connection in
                try await connection.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                for await _ in begun.stream {}
                process.terminate()
                goOn.continuation.finish()
                let response = try await connection.rest()
                #expect(response.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(response.hasSuffix("finished"))
            }
            process.waitUntilExit()
            #expect(process.terminationReason == .exit)
            #expect(process.terminationStatus == 0)
        }
    }

    private func run(_ arguments: [String]) async throws -> (status: Int32, output: String, errors: String) {
        let process = Process()
        let output = Pipe()
        let errors = Pipe()
        process.executableURL = Self.executable
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let texts = try [output, errors].map {
            String(decoding: try $0.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        }
        process.waitUntilExit()
        return (process.terminationStatus, texts[0], texts[1])
    }
}
