import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Requests from wrk, on the second processor.
struct Load {
    /// What a round showed.
    struct Sample {
        /// Requests per second.
        let rate: Double
        /// Processor time of the server for one request.
        let microseconds: Double
    }

    let url: String
    let seconds: Int

    /// How many requests were answered, and how many in a second.
    func run() async throws -> (requests: Int, rate: Double) {
        let report = try await wrk(connections: 16)
        guard !report.contains("Non-2xx"), !report.contains("Socket errors"),
            let requests = report.firstMatch(of: /(\d+) requests in/).flatMap({ Int($0.1) }), requests > 0,
            let rate = report.firstMatch(of: /Requests\/sec:\s+([\d.]+)/).flatMap({ Double($0.1) })
        else { throw MeasurementError("wrk reported:\n\(report)") }
        return (requests, rate)
    }

    /// Whether a server is there.
    func answers() async -> Bool {
        (try? await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(1)))?.status == .ok
    }

    @concurrent
    private func wrk(connections: Int) async throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["taskset", "-c", "1", "wrk", "-t1", "-c\(connections)", "-d\(seconds)s", url]
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }
}
