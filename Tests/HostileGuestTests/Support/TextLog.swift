import Logging

extension Logger {
    /// A logger that makes each message and writes it nowhere. (The one of swift-log that writes nothing is of the level `critical`, so that no
    /// message of a guest would come that far.)
    static let dropping = Logger(label: "hostile") { _ in DroppingHandler() }
}

private struct DroppingHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        blackHole("\(event.message)")
    }

    @inline(never)
    private func blackHole(_ text: String) {}
}
