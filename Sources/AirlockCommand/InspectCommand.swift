import Airlock
import ArgumentParser
import Foundation

/// `airlock inspect`: everything about a plugin that can be known without running it.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Shows what a plugin needs and offers, what it would be given, and why it would be refused.",
        discussion: """
            Nothing of the plugin is run, and it is not compiled unless --compile is given.
            Exit code 0: it may be loaded. 1: it is refused. 2: something could not be read.
            """
    )

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @Argument(help: "The plugin: a binary WebAssembly module.")
    var plugin: String

    @Option(
        help: "The host's policy, a YAML file. Without it the plugin is compared with all that Airlock has to offer.")
    var policy: String?

    @Option(help: "The plugin's manifest. By default NAME.plugin.yaml or plugin.yaml beside it, or the section in it.")
    var manifest: String?

    @Option(
        help: "The name that the host gives the plugin, under which digests are pinned. By default the file's name.")
    var name: String?

    @Option(
        help:
            "A public key, as a file or as text, that must have signed the plugin. With several of them, one must have."
    )
    var signedBy: [String] = []

    @Option(help: "text for people, json for programs.")
    var format = Format.text

    @Flag(
        help:
            "Compile the module in this process, and check the types of its imports. A hostile module can make that slow."
    )
    var compile = false

    func run() throws {
        let policy = try policy.map(NamedPolicy.init)
        let report = try PluginReport(
            file: plugin, name: name ?? Self.name(of: plugin), manifest: manifest, policy: policy,
            signers: signedBy.isEmpty ? nil : Set(try signedBy.map(Self.key)), compiles: compile)
        switch format {
        case .text: print(ReportText(report).lines.joined(separator: "\n"))
        case .json: print(try report.json())
        }
        if !report.loads { throw ExitCode(1) }
    }

    private static func key(_ argument: String) throws -> ModuleVerificationKey {
        try FileManager.default.fileExists(atPath: argument)
            ? ModuleVerificationKey(file: argument) : ModuleVerificationKey(text: argument)
    }

    private static func name(of path: String) -> String {
        let file = URL(filePath: path).lastPathComponent
        return file.hasSuffix(".wasm") ? String(file.dropLast(5)) : file
    }
}

extension NamedPolicy {
    /// Reads a policy with all standard capabilities.
    fileprivate init(_ file: String) throws {
        self.init(policy: try StandardCapabilities.policyReader.read(file: file), file: file)
    }
}
