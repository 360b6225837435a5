import Foundation
import Subprocess
import TestSupport
import Testing
import Wasmtime

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// What the executable, which is built beside the tests, wrote and how it ended.
func airlock(_ arguments: [String]) async throws -> (status: Int32, output: String, errors: String) {
    let executable = try #require(Bundle.main.executableURL).deletingLastPathComponent().appending(path: "airlock")
    let result = try await Subprocess.run(
        .path(FilePath(executable.path)),
        arguments: Arguments(arguments),
        output: .string(limit: 1 << 20),
        error: .string(limit: 1 << 16)
    )
    guard case .exited(let status) = result.terminationStatus else {
        Issue.record("\(arguments) ended with \(result.terminationStatus)")
        return (-1, "", "")
    }
    return (status, result.standardOutput, result.standardError)
}

/// The report in the JSON form, of a run that ends with `status`.
func inspected(_ arguments: [String], status: Int32) async throws -> Report {
    let result = try await airlock(arguments)
    #expect(result.status == status, "\(result.errors)")
    #expect(result.errors == "")
    return try Report(json: result.output)
}

/// A plugin in a folder for the length of a test.
struct PluginFolder {
    let folder: String
    let path: String
    let bytes: [UInt8]

    func file(_ name: String) -> String { "\(folder)/\(name)" }
}

func withPlugin(wat: String, _ files: [String: String], _ body: (PluginFolder) async throws -> Void) async throws {
    try await withPlugin(bytes: try Module.binary(ofWAT: wat), files, body)
}

func withPlugin(bytes: [UInt8], _ files: [String: String], _ body: (PluginFolder) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    let plugin = PluginFolder(folder: folder.path, path: folder.at("greeter.wasm"), bytes: bytes)
    try Data(bytes).write(to: URL(filePath: plugin.path))
    for (name, text) in files { try folder.write(text, to: name) }
    try await body(plugin)
}

/// The JSON form, as a program would read it.
struct Report: Decodable {
    struct Refusal: Decodable {
        var code: String
        var message: String
    }
    struct Contents: Decodable {
        struct Counts: Decodable {
            var functions: Int
        }
        struct ImportGroup: Decodable {
            var capability: String?
            var items: [Item]
        }
        struct Item: Decodable {
            var name: String
            var type: String
        }
        struct Memory: Decodable {
            var minimumPages: Int
            var maximumPages: Int?
        }
        var counts: Counts?
        var imports: [ImportGroup]
        var exports: [Item]
        var memories: [Memory]
    }
    struct Signed: Decodable {
        struct Signature: Decodable {
            var keyID: String?
            var coversModule: Bool
        }
        var place: String
        var signatures: [Signature]
        var verified: [String]
        var damage: String?
    }
    struct Component: Decodable {
        struct Section: Decodable {
            var name: String
            var count: Int
            var bytes: Int
        }
        var memory: String
        var sections: [Section]
        var damage: String?
    }
    struct Manifest: Decodable {
        struct Wish: Decodable {
            var id: String
            var reason: String
            var isRequired: Bool
            var parameters: [String: String]
        }
        var name: String
        var wishes: [Wish]
    }
    struct Decision: Decodable {
        struct Grant: Decodable {
            var id: String
            var summary: String
        }
        struct Quota: Decodable {
            var name: String
            var bounds: [String: String]
        }
        var grants: [Grant]
        var limits: [String: String]
        var quota: Quota?
        var notes: [String]
    }

    var name: String
    var file: String
    var bytes: Int
    var sha256: String?
    var kind: String
    var looksLike: String?
    var component: Component?
    var abi: String?
    var signed: Signed?
    var contents: Contents?
    var manifest: Manifest?
    var decision: Decision?
    var isCompiled: Bool
    var loads: Bool
    var refusals: [Refusal]

    init(json: String) throws {
        self = try JSONDecoder().decode(Report.self, from: Data(json.utf8))
    }
}
