import Airlock
import AirlockProxyWasm
import Foundation
import Gateway
import Testing

/// What `/plugins/{name}/versions` answers, as an operator's program would read it.
struct VersionsAnswer: Decodable {
    struct Version: Decodable {
        let number: Int
        let digest: String
        let place: String?
        let state: String
        let trial: Trial?
    }

    struct Trial: Decodable {
        let calls: Int
        let failures: Int
    }

    struct Quarantined: Decodable {
        let digest: String
        let reason: String
    }

    let plugin: String
    let serving: Int
    let versions: [Version]
    let quarantined: [Quarantined]

    /// `2 kept`, `1 serving`: the latest first.
    var states: [String] { versions.map { "\($0.number) \($0.state)" } }

    init(_ json: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(json.utf8)) }
}

/// What an error of the admin server says.
struct ErrorAnswer: Decodable {
    struct Report: Decodable {
        let code: String
        let message: String
    }

    let error: Report

    init(_ json: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(json.utf8)) }
}

/// A running gateway with one filter whose file can be written. It begins with the first build of the sample add-header.
struct FilterOfAFile {
    let gateway: RunningGateway
    private let name: String
    private let folder: TemporaryFolder

    static func with(
        _ reload: ReloadPolicy = ReloadPolicy(),
        canary: CanaryTerms = CanaryTerms(),
        key: CanaryKey = .client,
        drain: Duration = .seconds(30),
        token: AdminToken? = nil,
        name: String = "filter",
        _ body: @Sendable (FilterOfAFile) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        try folder.write(try await module("add-header"), to: "filter.wasm")
        let plugin = PluginConfiguration(
            filter: FilterConfiguration(name: name, source: .file("\(folder.path)/filter.wasm"), reload: reload),
            canary: canary
        )
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            var configuration = try GatewayConfiguration.forwarding(to: upstream, plugins: [plugin])
            configuration.canaryKey = key
            configuration.drain = drain
            configuration.admin?.token = token
            try await RunningGateway.with(configuration) { gateway in
                try await body(FilterOfAFile(gateway: gateway, name: name, folder: folder))
            }
        }
    }

    private static func module(_ name: String) async throws -> Data {
        try Data(contentsOf: try await SampleGuests.folder().appendingPathComponent("\(name).wasm"))
    }

    /// Replaces the file by a sample plugin.
    func write(_ module: String) async throws { try folder.write(try await Self.module(module), to: "filter.wasm") }

    /// Replaces the file by a text.
    func write(text: String) throws { try folder.write(text, to: "filter.wasm") }

    /// Asks for a change and returns the versions that there are then.
    @discardableResult
    func change(_ verb: String, _ body: String? = nil) async throws -> VersionsAnswer {
        let answer = try await send(verb, body)
        try #require(answer.status == 200, "\(answer.body)")
        return try VersionsAnswer(answer.body)
    }

    /// Asks for a change that is refused.
    func refusal(_ verb: String, _ body: String? = nil) async throws -> (status: Int, error: ErrorAnswer.Report) {
        let answer = try await send(verb, body)
        return (answer.status, try ErrorAnswer(answer.body).error)
    }

    private func send(_ verb: String, _ body: String?) async throws -> (
        status: Int, headers: [String: String], body: String
    ) {
        try await gateway.sendToAdmin("/plugins/\(name)/\(verb)", method: "POST", body: body)
    }

    func versions() async throws -> VersionsAnswer {
        try VersionsAnswer(try await gateway.sendToAdmin("/plugins/\(name)/versions").body)
    }

    /// Which build of the sample served a request.
    func build(headers: [(String, String)] = []) async throws -> String? {
        try await gateway.send("GET", "/", headers: headers).headers["x-airlock-build"]
    }
}
