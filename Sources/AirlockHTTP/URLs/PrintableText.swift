extension StringProtocol {
    /// The text's beginning without what would confuse a log: how text of strangers goes into messages.
    var printable: String {
        let beginning = unicodeScalars.prefix(100)
        let text = String(beginning.map { (0x20..<0x7F).contains($0.value) ? Character($0) : "?" })
        return beginning.endIndex == unicodeScalars.endIndex ? text : text + "…"
    }
}
