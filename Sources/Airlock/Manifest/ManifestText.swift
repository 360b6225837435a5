import Yams

/// The text of a manifest or a policy, which a stranger may have written, as values that know their places.
///
/// It is YAML without what makes YAML dangerous or ambiguous: one document, no anchors and aliases, no tags, no key twice, plain
/// `yes`, `1:30` and `012` are text. The parser expands aliases while it reads, and compares maps that are keys with each other, so
/// what could make that long is refused before it sees the text.
struct ManifestText {
    /// The most bytes that the text may have.
    var mostBytes = 64 << 10
    /// The most lists and maps in brackets: a bound on how deep the parser calls itself.
    var mostBrackets = 256
    /// The longest key, in bytes: each value below it remembers its path for errors.
    static let longestKey = 128
    /// How deep lists and maps may be nested.
    static let mostNesting = 16
    /// The most characters before the first word of a line: what nests blocks, with each level at least one character further.
    static let mostIndentation = 64

    /// Reads the text, whose top must be a map.
    func read(
        _ bytes: [UInt8],
        name: String,
        code: PluginError.Code
    ) throws(PluginError) -> (values: [String: ManifestValue], origin: ManifestOrigin) {
        let origin = ManifestOrigin(name: name, code: code)
        guard bytes.count <= mostBytes else {
            throw origin.error(at: "", "the text has \(bytes.count) bytes, expected at most \(mostBytes)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw origin.error(at: "", "expected text in UTF-8, came other bytes")
        }
        try refuseWhatExplodes(text, origin)
        var nodes = ManifestNodes(origin: origin)
        return try nodes.read(text)
    }

    private func refuseWhatExplodes(_ text: String, _ origin: ManifestOrigin) throws(PluginError) {
        var scan = Scan()
        for byte in text.utf8 { scan.take(byte) }
        scan.take(UInt8(ascii: "\n"))
        // An alias is only one if the anchor of that name stands in the same text, in whichever context the parser sees both.
        if let name = scan.names.intersection(scan.aliases.keys).min(), let place = scan.aliases[name] {
            throw origin.error(
                at: place,
                "anchors and aliases are not accepted: expected the value itself in place of '*\(ManifestValue.shortened(name))'"
            )
        }
        guard scan.brackets <= mostBrackets else {
            throw origin.error(
                at: "",
                "the text has \(scan.brackets) opening brackets and braces, expected at most \(mostBrackets)"
            )
        }
        if let place = scan.deepest {
            throw origin.error(
                at: place,
                "expected at most \(Self.mostIndentation) characters of indentation and list marks before the first word of a line"
            )
        }
    }

    /// One pass over the text, without knowledge of quotes and comments, so that nothing hides in them.
    private struct Scan {
        var names: Set<String> = []
        var aliases: [String: ManifestOrigin.Place] = [:]
        var brackets = 0
        var deepest: ManifestOrigin.Place?
        private var place = ManifestOrigin.Place(line: 1, column: 1)
        private var isIndentation = true
        private var mark: (sign: UInt8, place: ManifestOrigin.Place, name: [UInt8])?

        mutating func take(_ byte: UInt8) {
            if Self.isNameByte(byte) {
                mark?.name.append(byte)
            } else {
                keepMark()
                if byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*") { mark = (byte, place, []) }
            }
            if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { brackets += 1 }
            isIndentation = isIndentation && " -?:\t".utf8.contains(byte)
            if isIndentation, place.column > ManifestText.mostIndentation, deepest == nil { deepest = place }
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                place = ManifestOrigin.Place(line: place.line + (byte == UInt8(ascii: "\n") ? 1 : 0), column: 1)
                isIndentation = true
            } else {
                place.column += 1
            }
        }

        private mutating func keepMark() {
            guard let mark, !mark.name.isEmpty else { return self.mark = nil }
            let name = String(decoding: mark.name, as: UTF8.self)
            if mark.sign == UInt8(ascii: "&") {
                names.insert(name)
            } else if aliases[name] == nil {
                aliases[name] = mark.place
            }
            self.mark = nil
        }

        /// The bytes that the parser takes as part of an anchor's name.
        private static func isNameByte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }
}
