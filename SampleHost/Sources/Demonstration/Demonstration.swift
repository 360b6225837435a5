import AsyncHTTPClient
import Foundation
import Gateway
import Logging

/// Shows the gateway at work: real requests through sandboxed filters, and what came of them.
public enum Demonstration {
    /// Sends real requests and prints what was sent, what came back and what the host accounted.
    ///
    /// - Parameters:
    ///   - plugins: the folder with the sample plugins.
    ///   - print: takes the lines.
    /// - Returns: whether everything was observed that is to be shown.
    public static func run(
        plugins: String,
        print: @escaping @Sendable (String) -> Void = write
    ) async throws -> Bool {
        let transcript = Transcript(print: print)
        transcript.line("Airlock: an HTTP gateway with filters that it does not trust")
        try await Stage.with(plugins: plugins, logger: silent) { stage in
            transcript.line("")
            transcript.line("   gateway    http://\(stage.gateway)")
            transcript.line("   admin      http://\(stage.admin)")
            transcript.line("   upstream   http://127.0.0.1:\(stage.upstreamPort)   answers with what it was sent")
            transcript.line("")
            transcript.line("   -> sent    <- came back    == what the host accounted for each filter")
            let visitor = Visitor(gateway: stage.gateway, reports: stage.reports, client: HTTPClient.shared)
            try await HeadersAdded.show(visitor, transcript)
            try await KeyRequired.show(visitor, transcript)
            try await CardMasked.show(visitor, transcript)
            try await RateLimited.show(visitor, transcript)
            try await UnrulyStopped.show(visitor, transcript)
            try await ReplacedUnderLoad.show(visitor, stage, transcript)
        }
        transcript.conclude()
        return transcript.isComplete
    }

    /// Starts the same gateway and stays up until SIGINT or SIGTERM; prints requests to try.
    ///
    /// - Parameter plugins: the folder with the sample plugins.
    public static func serve(plugins: String) async throws {
        try await Stage.with(plugins: plugins, drainsOnSignals: true, logger: warnings) { stage in
            write(Invitation.text(stage))
        }
    }

    /// Writes a line at once, also where standard output is no terminal.
    public static let write: @Sendable (String) -> Void = { FileHandle.standardOutput.write(Data("\($0)\n".utf8)) }

    private static let silent = Logger(label: "demo") { _ in SwiftLogNoOpLogHandler() }

    private static let warnings = {
        var logger = Logger(label: "gateway") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        return logger
    }()
}
