import Redaction
import Testing

@Suite("E-mail addresses")
struct EmailTests {
    @Test(
        "keep their domain and their length",
        arguments: [
            ("bob@example.com", "***@example.com"),
            ("<john.doe+tag_1%x@mail.example.co.uk>", "<****************@mail.example.co.uk>"),
            ("a@x.de, b@y.fr", "*@x.de, *@y.fr"),
            ("mailto:bob@1und1.mail.de", "mailto:***@1und1.mail.de"),
            ("bob@EXAMPLE.COM.", "***@EXAMPLE.COM."),
            ("grüße: bob@example.com", "grüße: ***@example.com"),
        ])
    func masked(text: String, expected: String) {
        #expect(RedactedText(text, as: .text).text == expected)
        #expect(RedactedText(text, as: .json).text == expected)
    }

    @Test(
        "are told apart from other text with an at sign",
        arguments: [
            "user@localhost", "@example.com", "3@1.25", "root@10.0.0.1", "bob@.com", "bob@ex_ample.com", "bob@",
            "bob@a.b",
        ])
    func otherText(text: String) {
        #expect(RedactedText(text, as: .text).text == text)
    }

    @Test("in JSON begin behind an escape sequence, so that the text stays valid")
    func escapes() {
        #expect(RedactedText(#""\nbob@example.com""#, as: .json).text == #""\n***@example.com""#)
        #expect(RedactedText(#""\u00e9bob@example.com""#, as: .json).text == #""\u00e9***@example.com""#)
    }

    @Test("have at most 64 bytes before the at sign")
    func longLocalPart() {
        let text = String(repeating: "a", count: 100) + "@example.com"
        let expected = String(repeating: "a", count: 36) + String(repeating: "*", count: 64) + "@example.com"
        #expect(RedactedText(text, as: .text).text == expected)
    }

    @Test("may be a card number too; then no digit is left")
    func cardNumber() {
        let text = "4111111111111111@example.com"
        #expect(RedactedText(text, as: .text).text == "****************@example.com")
    }
}
