import Logging

extension Logger {
    /// A logger that hands the text of each message to `write`.
    static func writing(_ write: @escaping @Sendable (String) -> Void) -> Logger {
        Logger(label: "hostile") { _ in TextHandler(write: write) }
    }

    /// A logger that makes each message and writes it nowhere. (The one of swift-log that writes nothing is of the level `critical`, so that no
    /// message of a guest would come that far.)
    static let dropping = writing { blackHole($0) }
}

@inline(never)
private func blackHole(_ text: String) {}

private struct TextHandler: LogHandler {
    let write: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        write("\(event.message)")
    }
}
