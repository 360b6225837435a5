import Foundation
import Gateway
import Testing

/// A gateway in a process of its own.
final class GatewayProcess {
    let address: ListenAddress
    let admin: ListenAddress
    private let process = Process()

    /// Starts a gateway and waits until it listens.
    init(configuration: String) throws {
        let errors = Pipe()
        process.executableURL = Bundle.main.executableURL?.deletingLastPathComponent()
            .appendingPathComponent("SampleHost")
        process.arguments = ["--config", configuration, "--log-level", "notice"]
        process.standardError = errors
        try process.run()
        var log = ""
        var found: [String: ListenAddress] = [:]
        while found.count < 2 {
            let more = errors.fileHandleForReading.availableData
            try #require(!more.isEmpty, "\(log)")
            log += String(decoding: more, as: UTF8.self)
            for line in log.split(separator: "\n") {
                guard let place = line.range(of: "address=127.0.0.1:") else { continue }
                let port = Int(line[place.upperBound...].prefix { $0.isNumber }) ?? 0
                found[line.contains("operators") ? "admin" : "clients"] = ListenAddress(host: "127.0.0.1", port: port)
            }
        }
        address = try #require(found["clients"])
        admin = try #require(found["admin"])
        // Nobody is interested in what it says of broken plugins, but it must not wait.
        errors.fileHandleForReading.readabilityHandler = { if $0.availableData.isEmpty { $0.readabilityHandler = nil } }
    }

    deinit { process.terminate() }

    /// Ends it as an operator does.
    /// - Returns: Its status.
    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Ends it as the system does when it has to: at once, whatever it is about.
    func kill() {
        _ = Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// The memory that it has in bytes, and the number of descriptors that are open in it; nil where the system does not tell.
    func usage() -> (memory: Int, descriptors: Int)? {
        let folder = "/proc/\(process.processIdentifier)"
        guard let status = try? String(contentsOfFile: "\(folder)/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kibibytes = Int(line.filter(\.isNumber)),
            let open = try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/fd")
        else { return nil }
        return (kibibytes << 10, open.count)
    }

    /// The same once compilers that run yet have ended, whose pipes are open in it: of some looks the one that saw the fewest descriptors.
    func usageAtRest() async throws -> (memory: Int, descriptors: Int)? {
        var least = usage()
        for _ in 0..<100 {
            try await Task.sleep(for: .milliseconds(20))
            if let now = usage(), now.descriptors < least?.descriptors ?? .max { least = now }
        }
        return least
    }
}
