import GuestJSON
import Testing

@Suite("Reading JSON")
struct JSONTests {
    private func read(_ text: String) throws(ConfigurationError) -> JSON {
        try JSON(Array(text.utf8).span)
    }

    private func message(for text: String) -> String {
        do throws(ConfigurationError) {
            _ = try read(text)
            return "accepted"
        } catch {
            return String(decoding: error.message, as: UTF8.self)
        }
    }

    @Test("objects keep their members in order and find them by name")
    func members() throws {
        let json = try read(#" { "b" : [1, true, null] , "a" : {"c": "d"} } "#)
        #expect(json.members?.map { String(decoding: $0.name, as: UTF8.self) } == ["b", "a"])
        #expect(json["a"]?["c"]?.string == Array("d".utf8))
        #expect(json["b"]?.array?.count == 3)
        #expect(json["b"]?.array?.first?.number == 1)
        #expect(json["nothing"] == nil)
    }

    @Test("a name that only begins like the wanted one is another name")
    func prefixes() throws {
        let json = try read(#"{"keys": 1, "ke": 2}"#)
        #expect(json["key"] == nil)
        #expect(json["ke"]?.number == 2)
    }

    @Test(
        "escapes become the characters that they stand for",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
            (#""\u0041\u00e9\u20AC\ud83d\ude00""#, "A\u{e9}\u{20ac}\u{1f600}"),
            (#""plain é""#, "plain é"),
            (#""""#, ""),
        ])
    func escapes(text: String, expected: String) throws {
        #expect(try read(text).string == Array(expected.utf8))
    }

    @Test(
        "numbers in every form of RFC 8259",
        arguments: [
            ("0", 0), ("-0.5", -0.5), ("10", 10), ("1e3", 1000), ("2.5E-1", 0.25), ("1E+2", 100),
            ("9007199254740991", 9_007_199_254_740_991), ("0.1", 0.1), ("123.456", 123.456),
        ])
    func numbers(text: String, expected: Double) throws {
        #expect(try read(text).number == expected)
    }

    @Test(
        "what is not JSON is refused with what was expected and where",
        arguments: [
            ("", "a value at byte 0"),
            ("tru", "a value at byte 0"),
            ("nul", "a value at byte 0"),
            ("-", "a value at byte 0"),
            ("01", "the end of the text at byte 1"),
            ("1.", "a digit at byte 2"),
            ("1e", "a digit at byte 2"),
            ("1e999", "a number in range at byte 0"),
            ("[1 2]", "',' or ']' at byte 3"),
            ("[1,]", "a value at byte 3"),
            ("{\"a\" 1}", "':' at byte 5"),
            ("{\"a\":1 \"b\":2}", "',' or '}' at byte 7"),
            ("{a:1}", "'\"' at byte 1"),
            ("{\"a\":1,\"a\":2}", "each name once in an object at byte 7"),
            ("\"open", "the end of a string at byte 5"),
            ("\"\\", "an escape sequence at byte 2"),
            ("\"\\x\"", "an escape sequence at byte 2"),
            ("\"\\u12g4\"", "four hexadecimal digits at byte 5"),
            ("\"\\ud800\"", "a pair of surrogates at byte 3"),
            ("\"\\udc00\\ud800\"", "a pair of surrogates at byte 3"),
            ("\"\n\"", "an escaped control character at byte 1"),
            ("{} {}", "the end of the text at byte 3"),
        ])
    func mistakes(text: String, expected: String) {
        #expect(message(for: text) == "configuration: expected \(expected)")
    }

    @Test("nesting is bounded, and the bound itself is allowed")
    func depth() {
        let bound = JSON.maximumDepth
        #expect(message(for: nested(bound)) == "accepted")
        #expect(message(for: nested(bound + 1)) == "configuration: expected at most 16 levels at byte 16")
        #expect(message(for: String(repeating: "[", count: 100_000)).contains("at most 16 levels"))
    }

    private func nested(_ levels: Int) -> String {
        String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }

    @Test("every beginning of a text is refused, never read as something else")
    func truncated() {
        let text = #"{"a": ["b\u0041", 1.5e1, true, null], "c": {"d": "e"}}"#
        #expect(message(for: text) == "accepted")
        for length in 0..<text.utf8.count {
            #expect(message(for: String(decoding: text.utf8.prefix(length), as: UTF8.self)) != "accepted")
        }
    }
}
