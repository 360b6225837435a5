import ArgumentParser
import Foundation

@main
struct SampleHostCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "SampleHost",
        abstract: "An HTTP gateway that sends requests through sandboxed filters.",
        subcommands: [ServeCommand.self, DemoCommand.self],
        defaultSubcommand: ServeCommand.self
    )

    /// Says on standard error why a command ends.
    static func report(_ error: any Error) {
        FileHandle.standardError.write(Data("\(error)\n".utf8))
    }
}
