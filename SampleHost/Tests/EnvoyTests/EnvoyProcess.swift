import AsyncHTTPClient
import Foundation
import NIOCore
import Synchronization

/// A real Envoy with a listener for each comparison.
final class EnvoyProcess: Sendable {
    /// The listener that each comparison is sent to.
    let ports: [String: Int]
    private let process: Process
    private let log: EnvoyLog
    private let folder: URL

    /// Starts it and waits until it listens.
    init(executable: String, _ configuration: EnvoyConfiguration) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("airlock-envoy-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let (file, admin) = (folder.appendingPathComponent("envoy.json"), folder.appendingPathComponent("admin"))
        try configuration.json().write(to: file)
        process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        // The filters' log is all that is of interest; one worker, as the gateway has.
        process.arguments = [
            "--config-path", file.path, "--concurrency", "1", "--log-level", "warning", "--component-log-level",
            "wasm:info", "--log-format", "%v", "--admin-address-path", admin.path, "--use-dynamic-base-id",
        ]
        process.standardOutput = FileHandle.nullDevice
        log = EnvoyLog()
        process.standardError = log.pipe
        try process.run()
        ports = try await Self.ports(process, admin: admin, log)
    }

    /// Asks its administration for the addresses of the listeners, once it is live.
    private static func ports(_ process: Process, admin: URL, _ log: EnvoyLog) async throws -> [String: Int] {
        while process.isRunning {
            try await Task.sleep(for: .milliseconds(20))
            guard let address = try? String(contentsOf: admin, encoding: .utf8), !address.isEmpty,
                let ready = try? await get("http://\(address)/ready"), ready.hasPrefix("LIVE")
            else { continue }
            let answer = try await get("http://\(address)/listeners?format=json")
            let listeners = try JSONDecoder().decode(Listeners.self, from: Data(answer.utf8))
            return Dictionary(
                listeners.listener_statuses.map { ($0.name, $0.local_address.socket_address.port_value) }
            ) { first, _ in first }
        }
        throw EnvoyEnded(log: log.text)
    }

    private static func get(_ url: String) async throws -> String {
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(10))
        return String(buffer: try await response.body.collect(upTo: 1 << 20))
    }

    /// What filters wrote since it was asked last, up to the end of a stream of a certain filter.
    func take(upTo filter: String) async throws -> [EnvoyLog.Line] {
        while process.isRunning {
            if let lines = log.take(upTo: filter) { return lines }
            try await Task.sleep(for: .milliseconds(2))
        }
        throw EnvoyEnded(log: log.text)
    }

    func stop() {
        // It has the signal mask of the thread that started it, which blocks SIGTERM.
        kill(process.processIdentifier, SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }
}

struct EnvoyEnded: Error, CustomStringConvertible {
    let log: String

    var description: String { "Envoy ended: \(log.suffix(2_000))" }
}

/// What `/listeners?format=json` answers, in Envoy's own names.
private struct Listeners: Decodable {
    struct Status: Decodable {
        let name: String
        let local_address: Address
    }

    struct Address: Decodable {
        struct Socket: Decodable { let port_value: Int }
        let socket_address: Socket
    }

    let listener_statuses: [Status]
}

/// What Envoy writes to standard error, in which the filters' log is.
final class EnvoyLog: Sendable {
    struct Line: Sendable {
        let filter: String
        let message: String
    }

    private struct State {
        var text = ""
        var taken = 0
    }

    let pipe = Pipe()
    private let state = Mutex(State())

    init() {
        pipe.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            guard !data.isEmpty else { return handle.readabilityHandler = nil }
            self?.state.withLock { $0.text += String(decoding: data, as: UTF8.self) }
        }
    }

    var text: String { state.withLock(\.text) }

    /// The lines since the last call that came before the end of a stream of `filter`; nil where that has not ended yet.
    func take(upTo filter: String) -> [Line]? {
        state.withLock { state in
            let lines = state.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(Self.line)
            let new = lines[state.taken...]
            guard let end = new.firstIndex(where: { $0?.filter == filter && $0?.message == "delete" }) else {
                return nil
            }
            state.taken = end + 1
            return new[..<end].compactMap(\.self)
        }
    }

    /// `wasm log FILTER VM: MESSAGE`; filters are named after their virtual machines here.
    private static func line(_ text: Substring) -> Line? {
        guard text.hasPrefix("wasm log "), let colon = text.firstRange(of: ": ") else { return nil }
        let names = text[..<colon.lowerBound].dropFirst("wasm log ".count).split(separator: " ")
        guard let name = names.first else { return nil }
        return Line(filter: String(name), message: String(text[colon.upperBound...]))
    }
}
