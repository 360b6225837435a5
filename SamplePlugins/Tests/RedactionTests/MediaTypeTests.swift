import Redaction
import Testing

@Suite("The media type")
struct MediaTypeTests {
    private func format(_ type: String) -> Redactor.Format? {
        Redactor.Format(contentType: Array(type.utf8).span)
    }

    @Test(
        "says which bodies are JSON",
        arguments: [
            "application/json", "Application/JSON; charset=utf-8", "application/problem+json", "application/x-ndjson",
        ])
    func json(type: String) {
        #expect(format(type) == .json)
    }

    @Test("says which bodies are text", arguments: ["text/plain", "text/html;charset=utf-8", "TEXT/EVENT-STREAM"])
    func text(type: String) {
        #expect(format(type) == .text)
    }

    @Test("says which bodies are neither", arguments: ["", "image/png", "application/jsonp", "json", "text", "+jso"])
    func neither(type: String) {
        #expect(format(type) == nil)
    }
}
