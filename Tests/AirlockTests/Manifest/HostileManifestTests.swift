import Airlock
import TestSupport
import Testing

@Suite("Hostile manifests")
struct HostileManifestTests {
    @Test(
        "What YAML has beyond values is refused",
        arguments: [
            ("name: &x a\nversion: *x", "2:10: anchors and aliases are not accepted"),
            ("name: &x a", "1:7: anchors and aliases are not accepted"),
            ("name: \"&x\" \nversion: '*x'", "anchors and aliases are not accepted"),
            ("name: *x", "1:7: expected one YAML document: found undefined alias"),
            ("&x name: a", "expected a key that is text"),
            ("base: &b {name: a}\n<<: *b", "anchors and aliases are not accepted"),
            ("name: !!str a", "1:7: tags are not accepted, came 'tag:yaml.org,2002:str'"),
            ("name: !!int '5'", "tags are not accepted"),
            ("name: ! a", "tags are not accepted"),
            ("name: !<evil> a", "tags are not accepted"),
            ("name: a\ncapabilities: !!set []", "tags are not accepted"),
            ("!!map\nname: a", "tags are not accepted"),
            ("name: a\nname: b", "1:1: expected each key once, came 'name' more than once"),
            ("name: a\nlimits: {fuel: 1, fuel: 2}", "expected each key once, came 'fuel' more than once"),
            ("name: a\n---\nname: b", "expected one YAML document: but found another document"),
            ("name: a\n...\nname: b", "expected one YAML document"),
            ("? [name]\n: a", "1:3: expected a key that is text, came a list"),
            ("? {name: a}\n: a", "expected a key that is text, came a map"),
            ("name: [a", "expected one YAML document"),
            ("name: \"a", "expected one YAML document"),
            ("name: a\n\tversion: b", "expected one YAML document"),
            ("name: \"\\ud800\"", "expected one YAML document"),
            ("name: \u{0}", "expected YAML: control characters are not allowed"),
            ("name: a\u{1B}[31m", "expected YAML: control characters are not allowed"),
            (
                "name: a\n? \(String(repeating: "k", count: 129))\n: [a, a]",
                "2:3: expected keys of at most 128 bytes, came 'kkk"
            ),
            ("%YAML 9.9\n---\nname: a", "expected one YAML document"),
        ]
    )
    func refused(yaml: String, message: String) throws {
        let error = try #require(throws: PluginError.self) { try PluginManifest(yaml: yaml) }
        #expect(error.code == .manifest)
        #expect(error.message.contains(message))
    }

    /// Ten aliases of ten aliases …: a hundred million names in 700 bytes. As a key, the parser would compare all of them.
    static let laughs: String = {
        let levels = (1...8).map { level in
            "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]"
        }
        return "a0: &a0 ha\n" + levels.joined(separator: "\n")
    }()

    @Test(
        "Aliases of aliases are refused before they are expanded, wherever they hide",
        arguments: [
            laughs,
            laughs + "\n? *a8\n: name",
            laughs + "\n? { *a8 : 1, *a7 : 2 }\n: name",
            "name: it's\n" + laughs + "\n? *a8\n: 'it'",
            "name: foo\n  \"bar\n" + laughs + "\n? *a8\n: \" \"",
        ]
    )
    func laughter(yaml: String) throws {
        let error = try #require(throws: PluginError.self) { try PluginManifest(yaml: yaml) }
        #expect(error.message.contains("anchors and aliases are not accepted"))
    }

    @Test(
        "Deep nesting is refused before it costs anything",
        arguments: [
            "name: " + String(repeating: "[", count: 60_000),
            "name: " + String(repeating: "[", count: 250) + String(repeating: "]", count: 250),
            "name: " + String(repeating: "{a: ", count: 250) + String(repeating: "}", count: 250),
            String(repeating: "- ", count: 30_000),
            String(repeating: "? ", count: 30_000),
            (0..<60).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n"),
            (0..<400).map { String(repeating: " ", count: $0 % 300) + "a:" }.joined(separator: "\n"),
            String(repeating: "\t", count: 60_000) + "name: a",
            "name: " + String(repeating: "? ", count: 30_000),
        ]
    )
    func nesting(yaml: String) throws {
        let error = try #require(throws: PluginError.self) { try PluginManifest(yaml: yaml) }
        #expect(error.code == .manifest)
        #expect(error.message.utf8.count < 400)
    }

    @Test("A text that is too long, or is not text, is refused unread")
    func size() throws {
        let long = try #require(throws: PluginError.self) {
            try PluginManifest(yaml: "name: a\n" + String(repeating: "#", count: 64 << 10))
        }
        #expect(long.message == "plugin.yaml: the text has 65544 bytes, expected at most 65536")
        let bytes = try #require(throws: PluginError.self) { try PluginManifest(yaml: [0x6E, 0xFF, 0xFE]) }
        #expect(bytes.message == "plugin.yaml: expected text in UTF-8, came other bytes")
        let empty = try #require(throws: PluginError.self) { try PluginManifest(yaml: [], file: "x.yaml") }
        #expect(empty.message == "x.yaml: expected a map, came an empty text")
    }

    @Test("More capabilities than any host has are refused before they are compared with each other")
    func wishes() throws {
        func manifest(_ count: Int) -> [UInt8] {
            Array(("name: a\ncapabilities:\n" + (0..<count).map { "- id: a\($0)\n" }.joined()).utf8)
        }
        #expect(try PluginManifest(yaml: manifest(100)).wishes.count == 100)
        let error = try #require(throws: PluginError.self) { try PluginManifest(yaml: manifest(5_000)) }
        #expect(error.message.contains("expected at most 100 capabilities"))
    }

    @Test("What a stranger wrote is cut short in messages, and cannot forge lines in a log")
    func echo() throws {
        let yaml = "name: a\n\"" + String(repeating: "x", count: 500) + "\\n\\e[31mERROR\": 1"
        let error = try #require(throws: PluginError.self) { try PluginManifest(yaml: yaml) }
        #expect(error.message.utf8.count < 300)
        let control = try #require(throws: PluginError.self) {
            try PluginManifest(yaml: "name: \"a\\n\\e[31m\\u2028b\"")
        }
        #expect(control.message.contains("came the text 'a\u{FFFD}\u{FFFD}[31m\u{FFFD}b'"))
    }

    @Test("Changed and cut manifests are read or refused, and never more than that")
    func mutations() throws {
        let original = Array(
            """
            name: a
            description: >-
              "folded" text
            capabilities:
              - id: test:shelf
                with: { names: [a, 'b', "c\\n"], bytes: 1 KiB }
              - ? id
                : test:bell
            limits: { fuel: 5, deadline: 5 ms }
            """.utf8)
        #expect(throws: Never.self) { try PluginManifest(yaml: original) }
        var random = SplitMix(seed: 7)
        var refused = 0
        for _ in 0..<2_000 {
            var bytes = original
            for _ in 0...(random.next() % 3) {
                let place = Int(random.next() % UInt64(bytes.count))
                let signs = Array("{}[]:,-?&*!|>'\"%@`#\n\t \\~<0a".utf8) + [0x00, 0x80, 0xFF]
                let sign = signs[Int(random.next() % UInt64(signs.count))]
                if random.next() % 2 == 0 { bytes[place] = sign } else { bytes.insert(sign, at: place) }
            }
            do {
                _ = try PluginManifest(yaml: bytes)
            } catch {
                #expect(error.code == .manifest)
                refused += 1
            }
        }
        #expect(refused > 0)
    }
}
