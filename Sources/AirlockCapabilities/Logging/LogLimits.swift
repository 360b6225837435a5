/// How much plugins may write to a log.
public struct LogLimits: Sendable, Hashable {
    /// What one message counts besides the bytes of its text, for what a logger adds to each line, so that empty messages are not free.
    public static let bytesPerLine = 64

    /// The most bytes of one message; the rest is cut.
    public var bytesPerMessage: Int
    /// The most bytes in one call of a plugin. The message that passes it is cut, those behind it are suppressed.
    public var bytesPerCall: Int
    /// Bytes per second in the long run, and at once after a pause; one message may run into debt.
    public var bytesPerSecond: Int

    /// Sets the limits. What is below zero counts as zero.
    public init(bytesPerMessage: Int = 16 << 10, bytesPerCall: Int = 64 << 10, bytesPerSecond: Int = 256 << 10) {
        self.bytesPerMessage = max(0, bytesPerMessage)
        self.bytesPerCall = max(0, bytesPerCall)
        self.bytesPerSecond = max(0, bytesPerSecond)
    }
}
