import ArgumentParser

/// Measures what filters cost in the gateway of SampleHost, and in a real Envoy beside it.
@main
struct EnvoyBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "envoy-benchmarks", subcommands: [CompareCommand.self, GatewayCommand.self])
}
