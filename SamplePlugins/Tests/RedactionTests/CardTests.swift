import Redaction
import Testing

@Suite("Payment-card numbers")
struct CardTests {
    @Test(
        "keep their last four digits and their separators",
        arguments: [
            ("4111111111111111", "************1111"),
            ("4111 1111 1111 1111", "**** **** **** 1111"),
            ("5105-1051-0510-5100", "****-****-****-5100"),
            ("3782 822463 10005", "**** ****** *0005"),
            ("4222222222222", "*********2222"),
            ("6304000000000000000", "***************0000"),
            ("4111 1111-1111 1111", "**** ****-**** 1111"),
            ("card:4111111111111111.", "card:************1111."),
            ("x4111111111111111y", "x************1111y"),
            ("4111 1111 1111 1111, 5105 1051 0510 5100", "**** **** **** 1111, **** **** **** 5100"),
            ("4111 1111 1111 1111 5105 1051 0510 5100", "**** **** **** 1111 **** **** **** 5100"),
        ])
    func masked(text: String, expected: String) {
        #expect(RedactedText(text, as: .text).text == expected)
    }

    @Test(
        "are told apart from other numbers",
        arguments: [
            "4111111111111112",  // wrong check digit
            "411111111111",  // 12 digits
            "41111111111111111111",  // 20 digits
            "4111  1111  1111  1111",  // two spaces
            "4111_1111_1111_1111",
            "2024-01-02T10:20:30.123456Z",
        ])
    func otherNumbers(text: String) {
        #expect(RedactedText(text, as: .text).text == text)
    }

    @Test("are found between other groups of digits")
    func amongGroups() {
        #expect(RedactedText("4111 1111 1111 1111 12/26", as: .text).text == "**** **** **** 1111 12/26")
        #expect(RedactedText("no 12345 4111 1111 1111 1111", as: .text).text == "no 12345 **** **** **** 1111")
        let behindLongGroup = "12345678901234567890123 4111111111111111"
        #expect(RedactedText(behindLongGroup, as: .text).text == "12345678901234567890123 ************1111")
    }

    @Test("in JSON strings are masked with stars, as numbers with digits, and the text stays valid")
    func json() {
        let text = #"{"a":"4111 1111 1111 1111","b":4111111111111111,"c":[5105105105105100]}"#
        let expected = #"{"a":"**** **** **** 1111","b":9999999999991111,"c":[9999999999995100]}"#
        #expect(RedactedText(text, as: .json).text == expected)
    }

    @Test("are not the fraction of a JSON number")
    func fraction() {
        let text = #"{"x":0.4111111111111111}"#
        #expect(RedactedText(text, as: .json).text == text)
    }

    @Test("in JSON begin behind an escape sequence, whose digits are not theirs")
    func escapes() {
        #expect(RedactedText(#""\u00414111111111111111""#, as: .json).text == #""\u0041************1111""#)
        #expect(RedactedText(#""\\4111111111111111\n""#, as: .json).text == #""\\************1111\n""#)
        #expect(RedactedText(#""\"4111111111111111\"""#, as: .json).text == #""\"************1111\"""#)
    }

    @Test("need the right check digit: of the ten last digits only one masks")
    func checkDigit() {
        let masked = (0...9).filter { RedactedText("411111111111111\($0)", as: .text).text.hasPrefix("*") }
        #expect(masked == [1])
    }
}
