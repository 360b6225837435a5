import ArgumentParser
import EnvoyConversion
import Foundation

/// `airlock convert`: from Envoy's configuration to the gateway's.
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Makes a configuration of the gateway from an Envoy bootstrap.",
        discussion: """
            Writes the gateway's YAML to standard output: listeners, routes, upstreams and Proxy-Wasm filters. What it cannot express is \
            listed at its end, in comments, and on standard error, by its path in the bootstrap. Where the gateway would let through what Envoy \
            refuses, since something is not expressed, routes answer 501, and listeners for TCP and clusters are left out.
            Exit code 0: all is expressed. 1: something is not. 2: no bootstrap with a listener that the gateway could have.
            """
    )

    @Argument(help: "The bootstrap, in YAML or JSON.")
    var bootstrap: String

    @Option(name: .shortAndLong, help: "Where to write. By default standard output.")
    var output: String?

    @Flag(
        help:
            "Write routes, listeners and clusters also where they let through more than Envoy. Read the gaps, then mend them."
    )
    var allowGaps = false

    func run() throws {
        let conversion = try EnvoyConversion(bootstrap: try text(), allowingGaps: allowGaps)
        if let output {
            try Data(conversion.yaml.utf8).write(to: URL(filePath: output), options: .atomic)
        } else {
            print(conversion.yaml, terminator: "")
        }
        guard !conversion.unexpressed.isEmpty else { return }
        var lines = conversion.unexpressed.map { gap in
            "\(!gap.weakens ? "not expressed" : allowGaps ? "weaker than Envoy" : "closed"): \(gap)\n"
        }
        if !conversion.closed.isEmpty { lines.append("\(conversion.closed)\n") }
        FileHandle.standardError.write(Data(lines.joined().utf8))
        throw ExitCode(1)
    }

    private func text() throws -> String {
        guard let file = FileHandle(forReadingAtPath: bootstrap) else {
            throw ValidationError("'\(bootstrap)' cannot be read")
        }
        defer { try? file.close() }
        // One byte more than a bootstrap may have, which it is refused for.
        let bytes = try file.read(upToCount: EnvoyConversion.mostBytes + 1) ?? Data()
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw ValidationError("'\(bootstrap)': expected text in UTF-8")
        }
        return text
    }
}
