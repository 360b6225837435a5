import ArgumentParser
import Foundation
import Gateway
import Logging
import Metrics

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve with a configuration until SIGTERM or SIGINT, then drain."
    )

    @Option(name: .shortAndLong, help: ArgumentHelp("The YAML configuration.", valueName: "FILE"))
    var config: String

    @Flag(help: "Check the configuration, say what is wrong with it, and end.")
    var check = false

    @Option(
        help: "trace, debug, info, notice, warning, error or critical.",
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else { throw ValidationError("no log level \"\(text)\"") }
            return level
        }
    )
    var logLevel = Logger.Level.info

    func run() async throws {
        let configuration = try read()
        guard !check else { return print("\(config): ok") }
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "gateway")
        logger.logLevel = logLevel
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        do {
            let gateway = try await Gateway(configuration, metrics: metrics, logger: logger)
            try await gateway.run(drainsOnSignals: true)
            logger.notice("drained")
        } catch {
            SampleHostCommand.report(error)
            throw ExitCode.failure
        }
    }

    private func read() throws -> GatewayConfiguration {
        do {
            return try GatewayConfiguration(file: config)
        } catch {
            SampleHostCommand.report(error)
            throw ExitCode(EX_CONFIG)
        }
    }
}
