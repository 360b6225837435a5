import Airlock
import Testing

@Suite("Manifests")
struct PluginManifestTests {
    @Test("A manifest says who the plugin is and what it asks for")
    func complete() throws {
        let digest = String(repeating: "5B", count: 32)
        let manifest = try PluginManifest(
            yaml: """
                # a comment
                name: shop/cart-notes
                version: "1.4.0"
                description: |
                  Keeps notes:
                    * for carts & for people
                abi: proxy-wasm/0.2.1
                sha256: \(digest)
                capabilities:
                  - id: test:shelf
                    reason: 'keeps the notes of a cart'
                    with: { names: [notes, "*"], bytes: 1 KiB }
                  - id: test:bell
                    optional: true
                limits:
                  fuel: 5000000
                  deadline: 50 ms
                  memory: 8MiB
                  outputBytes: 300
                  callsPerInstance: 1
                """)
        #expect(manifest.name == "shop/cart-notes")
        #expect(manifest.version == "1.4.0")
        #expect(manifest.description == "Keeps notes:\n  * for carts & for people\n")
        #expect(manifest.abi == "proxy-wasm/0.2.1")
        #expect(manifest.digest == digest.lowercased())
        let shelf = CapabilityWish(
            "test:shelf",
            reason: "keeps the notes of a cart",
            parameters: ["names": .list([.text("notes"), .text("*")]), "bytes": .text("1 KiB")]
        )
        #expect(manifest.wishes == [shelf, CapabilityWish("test:bell", isRequired: false)])
        var limits = LimitWishes()
        limits.fuel = 5_000_000
        limits.deadline = .milliseconds(50)
        limits.memory = 8 << 20
        limits.outputBytes = 300
        limits.callsPerInstance = 1
        #expect(manifest.limits == limits)
    }

    @Test("A name is enough")
    func least() throws {
        #expect(try PluginManifest(yaml: "name: a") == PluginManifest(name: "a"))
    }

    @Test(
        "A mistake is reported with its place, what was expected and what came",
        arguments: [
            ("", "plugin.yaml: expected a map, came an empty text"),
            ("- a", "plugin.yaml:1:1: expected a map at the top, came a list"),
            ("version: a", "plugin.yaml:1:1: name is missing; expected the plugin's name"),
            ("name: [a]", "plugin.yaml:1:7: name: expected text, came a list of 1"),
            (
                "name: a b",
                "plugin.yaml:1:7: name: expected 1 to 100 letters, digits, '.', '_', '-' and '/' of ASCII, came the text 'a b'"
            ),
            ("name: a\nversion: 1.10", "plugin.yaml:2:10: version: expected text, came the number 1.1"),
            ("name: a\nversion: 2", "plugin.yaml:2:10: version: expected text, came the number 2"),
            (
                "name: a\ncapabilites: []",
                "plugin.yaml:2:1: capabilites is not a known key (did you mean 'capabilities'?); expected one of abi, capabilities"
            ),
            ("name: a\nqwerty: []", "plugin.yaml:2:1: qwerty is not a known key; expected one of"),
            (
                "name: a\nsha256: abc",
                "plugin.yaml:2:9: sha256: expected a SHA-256: 64 hexadecimal digits, came the text 'abc'"
            ),
            ("name: a\ncapabilities: {}", "plugin.yaml:2:15: capabilities: expected a list of maps, came a map"),
            (
                "name: a\ncapabilities:\n  - test:bell",
                "plugin.yaml:3:5: capabilities[0]: expected a map, came the text 'test:bell'"
            ),
            ("name: a\ncapabilities:\n  - reason: x", "plugin.yaml:3:5: capabilities[0].id is missing"),
            (
                "name: a\ncapabilities:\n  - id: b\n    optional: yes",
                "plugin.yaml:4:15: capabilities[0].optional: expected true or false, came the text 'yes'"
            ),
            (
                "name: a\ncapabilities:\n  - id: b\n    with: 3",
                "plugin.yaml:4:11: capabilities[0].with: expected a map of parameters, came the number 3"
            ),
            (
                "name: a\ncapabilities:\n  - id: b\n  - id: c\n  - id: b",
                "plugin.yaml:5:5: capabilities[2]: expected each capability once"
            ),
            (
                "name: a\nlimits:\n  fuel: 0",
                "plugin.yaml:3:9: limits.fuel: expected a whole number from 1, came the number 0"
            ),
            ("name: a\nlimits:\n  fuel: -1", "limits.fuel: expected a whole number from 1, came the number -1"),
            (
                "name: a\nlimits:\n  fuel: 99999999999999999999",
                "limits.fuel: expected a whole number from 1, came the text"
            ),
            ("name: a\nlimits:\n  fuel: 1e3", "limits.fuel: expected a whole number from 1, came the number 1000.0"),
            ("name: a\nlimits:\n  deadline: 5", "limits.deadline: expected a duration with its unit such as 100 ms"),
            ("name: a\nlimits:\n  deadline: 0 s", "limits.deadline: expected a duration"),
            ("name: a\nlimits:\n  deadline: 9999999999999999 h", "limits.deadline: expected a duration"),
            ("name: a\nlimits:\n  memory: 5 GiB", "limits.memory: expected a number of bytes such as 64 KiB or 16 MiB"),
            ("name: a\nlimits:\n  memory: 16 MB", "limits.memory: expected a number of bytes"),
            ("name: a\nlimits:\n  memory: -16 MiB", "limits.memory: expected a number of bytes"),
            ("name: a\nlimits:\n  fule: 3", "plugin.yaml:3:3: limits.fule is not a known key (did you mean 'fuel'?)"),
        ]
    )
    func mistakes(yaml: String, message: String) throws {
        let error = try #require(throws: PluginError.self) { try PluginManifest(yaml: Array(yaml.utf8)) }
        #expect(error.code == .manifest)
        #expect(error.message.contains(message))
    }
}

extension PluginManifest {
    init(yaml: String) throws(PluginError) {
        try self.init(yaml: Array(yaml.utf8))
    }
}
