import ArgumentParser
import Foundation

/// What operators do with plugins from a shell.
@main
struct AirlockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "airlock",
        abstract: "Looks at WebAssembly plugins before they are run, signs them, and converts configurations of Envoy.",
        subcommands: [InspectCommand.self, SignCommand.self, KeygenCommand.self, ConvertCommand.self]
    )

    /// Exit codes: 0 for a plugin that may be loaded, 1 for one that is refused or a configuration that is not expressed whole, 2 where the command was misused or something could not be
    /// read.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            let code = exitCode(for: error)
            // Help is asked for, and refusals are what the command is there to find.
            if code.isSuccess || error is ExitCode { exit(withError: error) }
            FileHandle.standardError.write(Data("\(fullMessage(for: error))\n".utf8))
            Foundation.exit(2)
        }
    }
}
