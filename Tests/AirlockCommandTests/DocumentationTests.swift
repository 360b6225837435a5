import Airlock
import Foundation
import Testing

@Suite("docs/manifest-and-policy.md")
struct DocumentationTests {
    /// The examples that begin with a comment of that name.
    static func examples(named name: String) throws -> [String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/manifest-and-policy.md"), encoding: .utf8)
        let blocks = text.split(separator: "```yaml\n").dropFirst().map {
            $0.prefix(upTo: $0.firstRange(of: "```")?.lowerBound ?? $0.endIndex)
        }
        return blocks.filter { $0.hasPrefix("# \(name)\n") }.map(String.init)
    }

    @Test("The manifests in it can be read")
    func manifests() throws {
        let manifests = try Self.examples(named: "plugin.yaml").map { try PluginManifest(yaml: Array($0.utf8)) }
        #expect(manifests.map(\.name) == ["shop/cart-notes"])
        #expect(manifests.first?.wishes.map(\.isRequired) == [true, false])
    }

    @Test("The policies in it can be read, name every standard capability, and admit the plugin of the manifest")
    func policies() async throws {
        let policies = try Self.examples(named: "policy.yaml")
        let manifest = try #require(try Self.examples(named: "plugin.yaml").first)
        #expect(policies.count == 1)
        for policy in policies {
            try await withPlugin(wat: "(module)", ["plugin.yaml": manifest]) { plugin in
                // The folder of the example is on the reader's machine.
                let policy = policy.replacing("/srv/plugins/data", with: plugin.folder)
                try Data(policy.utf8).write(to: URL(filePath: plugin.file("policy.yaml")))
                let report = try await inspected(
                    ["inspect", plugin.path, "--policy", plugin.file("policy.yaml"), "--format", "json"], status: 0)
                #expect(report.decision?.grants.map(\.id) == ["airlock:kv", "airlock:log"])
                #expect(report.decision?.limits["memory"] == "\(8 << 20)")
                #expect(report.decision?.quota?.name == "shop")
                #expect(report.decision?.limits["loopBurst"] == "0.05 seconds")
                #expect(report.decision?.notes == [])
                for id in ["log", "clock", "random", "environment", "kv", "events", "http", "files", "wasi"] {
                    #expect(policy.contains("- id: airlock:\(id)\n"))
                }
            }
        }
    }
}
