import AirlockTesting

extension RecordedLog {
    /// What filters wrote, without what the host itself has to say.
    var guestLines: [Line] { lines.filter(\.isGuest) }

    /// The texts that filters wrote.
    var messages: [String] { guestLines.map(\.message) }

    /// Waits until a text has been written that often.
    func wait(for message: String, count: Int = 1) async {
        _ = await lines(count) { $0.message == message }
    }
}

extension RecordedLog.Line {
    /// The filter that it is about.
    var filter: String? { metadata["filter"] }

    /// Whether a filter wrote it.
    var isGuest: Bool { source == "ProxyWasmGuest" }
}
