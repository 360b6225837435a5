import Airlock
import AirlockProxyWasm
import ArgumentParser
import Gateway
import Logging

/// Runs the gateway that is measured: one worker, and a route that answers behind filters.
struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "gateway", shouldDisplay: false)

    @Option var filters: Int
    @Option var guest: String
    @Option var port: Int

    func run() async throws {
        // Each has a virtual machine of its own, as each has in the Envoy beside it.
        let plugins = (0..<filters).map { number in
            PluginConfiguration(
                filter: FilterConfiguration(name: "filter-\(number)", vmID: "vm-\(number)", source: .file(guest)))
        }
        let action: RouteConfiguration.Action =
            plugins.isEmpty
            ? .respond(status: 200, body: "ok")
            : .filteredRespond(filters: plugins.map(\.filter.name), status: 200, body: "ok")
        guard let everything = PathPrefix("/") else { throw ValidationError("/ is no prefix") }
        let configuration = GatewayConfiguration(
            listen: ListenAddress(host: "127.0.0.1", port: port), workers: 1, plugins: plugins,
            routes: [RouteConfiguration(prefix: everything, action: action)])
        try await Gateway(configuration, logger: Logger(label: "gateway")).run(drainsOnSignals: true)
    }
}
