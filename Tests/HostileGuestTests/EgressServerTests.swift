import Airlock
import AirlockHTTP
import NIOCore
import NIOSSL
import TestSupport
import Testing

/// The plugin may ask `plugins.test`, which is the hostile server, and names that lead nowhere good. A repetition makes a connection and
/// waits until both ends of it are closed.
@Suite("Hostile: servers that plugins talk to")
struct EgressServerTests {
    @Test("What a server answers ends in its result, and so does the connection", arguments: EgressAnswer.allCases)
    func answers(answer: EgressAnswer) async {
        await #expect(processExitsWith: .success) { [answer] in try await receive(answer, over: "http") }
    }

    @Test("So it does over TLS, where the server does not end its session", arguments: EgressAnswer.overTLS)
    func encrypted(answer: EgressAnswer) async {
        await #expect(processExitsWith: .success) { [answer] in try await receive(answer, over: "https") }
    }
}

private func receive(_ answer: EgressAnswer, over scheme: String) async throws {
    let certificate = try NIOSSLCertificate(bytes: Array(TestCertificate.certificate.utf8), format: .pem)
    let key = try NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem)
    var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: [.certificate(certificate)], privateKey: .privateKey(key))
    // The server's handler is kept for this time, and would be taken for something that the client leaves behind.
    configuration.shutdownTimeout = .milliseconds(1)
    let tls = try NIOSSLContext(configuration: configuration)
    let names = ["plugins.test": ["127.0.0.1"], "private.test": ["10.0.0.1"]]
    try await HostileServer.with(tls: scheme == "https" ? tls : nil, reply: answer.reply) { server in
        try await withstand(repetitions: answer.repetitions) { host in
            var limits = HTTPEgressLimits()
            limits.responseBytes = 10_000
            // The others end by themselves, however busy the machine is.
            if answer.outcome == .result(.timedOut) {
                limits.timeout = .milliseconds(2)
                // Attempts to connect whose requests are over already have places for longer than that.
                limits.concurrentRequests = 10_000
            }
            // A connection that is closed while it is idle leaves its timer until then, which would be taken for a leak.
            let idleTimeout: Duration? = answer == .secondResponse ? .milliseconds(10) : nil
            let origin = "\(scheme)://plugins.test:\(server.port)"
            let egress = HTTPEgress(
                HTTPEgressClient(resolving: names, trusting: [certificate], idleTimeout: idleTimeout),
                rules: try [origin, "http://private.test", "http://169.254.169.254"].map { try HTTPRule($0) },
                addresses: AddressPolicy(allowed: [try IPRange("127.0.0.1")]), limits: limits)
            let plugin = try await host.loadSuspendable(
                .wat(requesting("\(origin)/", redirects: 10)), name: "hostile", granting: [egress], limits: .patient)
            let length = try plugin.function("length", returning: Int32.self)
            func got() async throws -> Int32 { try await plugin.call(length).value }
            return {
                switch answer.outcome {
                case .result(let result): try #require(try await got() == result.rawValue)
                case .length(let count): try #require(try await got() == count)
                case .lengthOrClosed(let count):
                    let closed = HTTPEgressResult.connectionFailed.rawValue
                    try #require([count, closed].contains(try await got()))
                }
                // Where the time passes before there is a connection, it is kept for the next request.
                try await server.settled(atMost: answer.outcome == .result(.timedOut) ? 1 : 0)
            }
        }
    }
}
