import ArgumentParser
import Demonstration

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Send real requests through the sample plugins and check what comes back."
    )

    @Option(help: ArgumentHelp("Where Scripts/build-guests put the sample plugins.", valueName: "FOLDER"))
    var plugins: String

    @Flag(help: "Stay up and print requests to try instead.")
    var serve = false

    func run() async throws {
        do {
            if serve { return try await Demonstration.serve(plugins: plugins) }
            guard try await Demonstration.run(plugins: plugins) else { throw ExitCode.failure }
        } catch let exit as ExitCode {
            throw exit
        } catch {
            SampleHostCommand.report(error)
            throw ExitCode.failure
        }
    }
}
