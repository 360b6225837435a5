import Redaction

/// What comes out when a text goes through a redactor in these parts.
struct RedactedText {
    private(set) var text = ""
    /// The most bytes that were held back after a part.
    private(set) var mostHeld = 0
    /// How many bytes had come out after each part.
    private(set) var sizes: [Int] = []

    init(_ parts: [[UInt8]], as format: Redactor.Format) {
        var redactor = Redactor(format)
        var output: [UInt8] = []
        var input = 0
        for (index, part) in parts.enumerated() {
            var part = part
            var span = part.mutableSpan
            let result = redactor.redact(&span, isLast: index == parts.count - 1)
            output += result.released + part.prefix(result.count)
            input += part.count
            mostHeld = max(mostHeld, input - output.count)
            sizes.append(output.count)
        }
        text = String(decoding: output, as: UTF8.self)
    }

    init(_ text: String, as format: Redactor.Format) {
        self.init([Array(text.utf8)], as: format)
    }

    init(_ text: String, cutAt cuts: [Int], as format: Redactor.Format) {
        let bytes = Array(text.utf8)
        let edges = [0] + cuts.sorted() + [bytes.count]
        self.init(zip(edges, edges.dropFirst()).map { Array(bytes[$0..<$1]) }, as: format)
    }
}
