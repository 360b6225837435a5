import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// A server process on the first processor, and what its requests took.
final class MeasuredServer {
    let name: String
    let filters: Int
    private let process = Process()
    private let port: Int
    private(set) var samples: [Load.Sample] = []

    init(_ name: String, filters: Int, port: Int, command: [String]) throws {
        self.name = name
        self.filters = filters
        self.port = port
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["taskset", "-c", "0"] + command
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// Waits until it answers.
    func start() async throws {
        let url = "http://127.0.0.1:\(port)/"
        for _ in 0..<600 {
            guard process.isRunning else { break }
            if await Load(url: url, seconds: 1).answers() { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw MeasurementError("\(name) with \(filters) filters did not start")
    }

    /// Loads it from the second processor.
    func measure(seconds: Int) async throws {
        let before = try processorTime()
        let (requests, rate) = try await Load(url: "http://127.0.0.1:\(port)/", seconds: seconds).run()
        let used = try processorTime() - before
        samples.append(Load.Sample(rate: rate, microseconds: used * 1e6 / Double(requests)))
    }

    /// Seconds that all its threads ran, with what the system did for them.
    private func processorTime() throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
        // The name in parentheses may have spaces; user and system time are the 12th and 13th fields after it.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            throw MeasurementError("/proc has no times of \(name)")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Forgets what was measured.
    func forget() { samples = [] }

    /// The least of all rounds, which other work on the machine disturbed least.
    var microseconds: Double { samples.map(\.microseconds).min() ?? .infinity }
    /// The most of all rounds.
    var rate: Double { samples.map(\.rate).max() ?? 0 }

    func stop() {
        // It has the signal mask of the thread that started it, which blocks SIGTERM.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}

/// A measurement that cannot be made.
struct MeasurementError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
