import Redaction
import Testing

@Suite("A text in parts")
struct PartsTests {
    static let texts = [
        #"{"card":"4111 1111 1111 1111","mail":"john.doe@example.com","n":4111111111111111,"x":0.4111111111111111}"#,
        #"["\n4111111111111111\u00414111111111111111\u0041bob@example.com \"x@y.zz\"","\\",12]"#,
        "2024 378282246310005 1234567890123 4222222222222-41111111111111111111111 4111 1111 1111 1112",
        "a@b@c.de <foo@bar.co.uk>, x@localhost, y@1.2.3.4, +a%b_c@d-e.museum 5105 1051 0510 5100-0",
        "4111111111111111@example.com " + String(repeating: "a.", count: 60) + "@example.com",
        "x@" + String(repeating: "1.", count: 150) + "com 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3",
        "",
    ]

    @Test("is masked the same wherever it is cut once", arguments: texts, [Redactor.Format.json, .text])
    func oneCut(text: String, format: Redactor.Format) {
        let whole = RedactedText(text, as: format).text
        #expect(whole.utf8.count == text.utf8.count)
        for cut in 0...text.utf8.count {
            #expect(RedactedText(text, cutAt: [cut], as: format).text == whole, "cut at \(cut)")
        }
    }

    @Test("is masked the same wherever a short part is cut out", arguments: texts, [Redactor.Format.json, .text])
    func shortPart(text: String, format: Redactor.Format) {
        let whole = RedactedText(text, as: format).text
        var different: [(Int, Int)] = []
        for first in 0...text.utf8.count {
            for second in first...min(first + 20, text.utf8.count)
            where RedactedText(text, cutAt: [first, second], as: format).text != whole {
                different.append((first, second))
            }
        }
        #expect(different.isEmpty)
    }

    @Test("is masked the same byte by byte, also with empty parts", arguments: texts, [Redactor.Format.json, .text])
    func bytes(text: String, format: Redactor.Format) {
        let whole = RedactedText(text, as: format).text
        #expect(RedactedText(text, cutAt: Array(0...text.utf8.count), as: format).text == whole)
        let doubled = (0...text.utf8.count).flatMap { [$0, $0] }
        #expect(RedactedText(text, cutAt: doubled, as: format).text == whole)
    }

    @Test("of random pieces is masked the same however it is cut", arguments: [Redactor.Format.json, .text])
    func random(format: Redactor.Format) {
        let pieces = [
            "4111111111111111", "4111 1111 ", "1111 1111", "4", "1", "0", " ", "-", "@", ".", "co", "x", "\"", "\\",
            "u0041", "\\n", "bob@ex.com", "{", ":", "999999999999999999", String(repeating: "a", count: 70), "é",
        ]
        var generator = SplitMix64(state: 1)
        for _ in 0..<500 {
            let count = Int.random(in: 0..<40, using: &generator)
            let text = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            let cuts = (0..<Int.random(in: 1..<8, using: &generator)).map { _ in
                Int.random(in: 0...text.utf8.count, using: &generator)
            }
            #expect(
                RedactedText(text, cutAt: cuts, as: format).text == RedactedText(text, as: format).text,
                "\(text) cut at \(cuts)")
        }
    }

    @Test("goes on at once but for a bounded end", arguments: texts, [Redactor.Format.json, .text])
    func held(text: String, format: Redactor.Format) {
        let redacted = RedactedText(text, cutAt: Array(0...text.utf8.count), as: format)
        #expect(redacted.mostHeld <= Redactor.longestHeld)
        #expect(redacted.sizes.last == text.utf8.count)
    }

    @Test("with nothing open at its end is held back nowhere")
    func nothingHeld() {
        let redacted = RedactedText("data: one, two;\n\nthree", cutAt: [17], as: .text)
        #expect(redacted.sizes == [17, 22])
    }

    @Test("that has nothing to mask is reported as unchanged")
    func unchanged() {
        var redactor = Redactor(.text)
        var part = Array("nothing here;".utf8)
        var span = part.mutableSpan
        let result = redactor.redact(&span, isLast: false)
        #expect(!result.isChanged)
        #expect(result.count == 13)
    }
}

/// A generator whose sequence is the same in each run (Steele, Lea, Flood: SplitMix64).
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
