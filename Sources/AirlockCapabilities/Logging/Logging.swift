public import Airlock
public import Logging

/// Lets a plugin write to a log of the host.
///
/// Guests import from `airlock:log`:
///
/// | function | WebAssembly type | |
/// | --- | --- | --- |
/// | `write` | `(level i32, text i32, length i32) -> i32` | writes one message |
/// | `level` | `() -> i32` | the lowest level that is written |
///
/// Levels are 0 trace, 1 debug, 2 info, 3 notice, 4 warning, 5 error, 6 critical; another number ends the call with
/// ``PluginError/Code/badArgument``. `write` returns 0 where the message was written, 1 where it was written in part, -1 where its level is
/// not written, and -2 where the budget is used up.
///
/// A message is UTF-8. What is not is replaced by U+FFFD, because a bad character in a log is no reason to stop a plugin, and characters
/// that could forge a line of the log are escaped (`\n`, `\u{1b}`). Nothing is dropped in silence: a message that is cut ends in
/// `[… cut from 70000 bytes]`, and messages over budget are counted in a line `[… 3 messages (1024 bytes) suppressed]`, which is written
/// before the plugin's next message, or after a second, or when the grant is freed.
///
/// Each message carries the metadata `plugin`. What the host adds is told from what a guest wrote by the metadata `cut-from-bytes`,
/// `suppressed-messages` and `suppressed-bytes`, which no guest can set.
public struct Logging: AttenuableCapability {
    public static let id: CapabilityID = "airlock:log"

    /// The lowest level that plugins write; what the logger leaves out is left out as well.
    public let minimumLevel: Logger.Level
    /// How much plugins may write.
    public let limits: LogLimits
    let logger: Logger
    private let budget: LogBudget

    /// Grants a log. Plugins that are given the same value share its bytes per second.
    /// - Parameters:
    ///   - logger: where the messages go.
    ///   - minimumLevel: the lowest level that is written.
    ///   - limits: how much may be written.
    ///   - clock: what bytes per second are measured by.
    public init(
        to logger: Logger = Logger(label: "airlock.plugins"),
        from minimumLevel: Logger.Level = .info,
        limits: LogLimits = LogLimits(),
        clock: any _Concurrency.Clock<Duration> = ContinuousClock()
    ) {
        self.init(logger, minimumLevel, LogBudget(limits, logger: logger, clock: LogClock(clock)))
    }

    private init(_ logger: Logger, _ minimumLevel: Logger.Level, _ budget: LogBudget) {
        self.logger = logger
        self.minimumLevel = minimumLevel
        self.budget = budget
        limits = budget.limits
    }

    /// The same log with limits and a budget of its own.
    func narrowed(from minimumLevel: Logger.Level, _ limits: LogLimits) -> Self {
        Logging(logger, minimumLevel, LogBudget(limits, logger: logger, clock: budget.clock))
    }

    public static let functions = HostFunctions<Self>(module: "airlock:log") {
        HostFunction("write") { (log, call, level: UInt32, text: GuestBytes) throws(HostError) -> Int32 in
            guard let level = Logger.Level(guestLevel: level) else {
                throw HostError(.badArgument, "the log level is \(level), expected 0 (trace) to 6 (critical)")
            }
            return try log.write(text, at: level, for: call).rawValue
        }
        HostFunction("level") { (log, _) throws(HostError) -> UInt32 in log.lowestLevel.guestLevel }
    }

    /// The lowest level that is written in the end.
    var lowestLevel: Logger.Level { max(minimumLevel, logger.logLevel) }

    /// Writes text of a guest's memory as one message.
    func write(
        _ text: GuestBytes,
        at level: Logger.Level,
        for call: borrowing HostCall
    ) throws(HostError) -> LogOutcome {
        let room = min(limits.bytesPerMessage, room(in: call))
        let (begin, count) = try call.withBytes(of: text) { (span) throws(HostError) in
            let begin = span.extracting(0..<max(0, min(span.byteCount, room + 1)))
            // Safe: the bytes are copied while the view is lent.
            return (unsafe begin.withUnsafeBytes { unsafe Array($0) }, span.byteCount)
        }
        return try write(begin, of: count, room: room, at: level, for: call)
    }

    /// Writes text that the host has already, as one message.
    func write(
        _ text: [UInt8],
        at level: Logger.Level,
        for call: borrowing HostCall
    ) throws(HostError) -> LogOutcome {
        let room = min(limits.bytesPerMessage, room(in: call))
        return try write(text, of: text.count, room: room, at: level, for: call)
    }

    /// Bytes of text that the call in progress may still write in one message; below zero where it may write none.
    private func room(in call: borrowing HostCall) -> Int {
        limits.bytesPerCall - call.used(of: .logBytes) - LogLimits.bytesPerLine
    }

    private func write(
        _ begin: [UInt8],
        of count: Int,
        room: Int,
        at level: Logger.Level,
        for call: borrowing HostCall
    ) throws(HostError) -> LogOutcome {
        guard level >= lowestLevel else { return .belowLevel }
        guard room >= 0, budget.admits(count, of: call.plugin) else {
            budget.suppress(count, of: call.plugin)
            return .suppressed
        }
        let (text, isWhole) = LogText.make(begin, atMost: room)
        try call.charge(text.utf8.count + LogLimits.bytesPerLine, to: .logBytes)
        put(text, isWhole: isWhole, of: count, at: level, plugin: call.plugin)
        return isWhole ? .written : .cut
    }

    /// Writes text that a guest left behind when it ended, as one message. No call is charged for it, the bytes per second are.
    func writeRest(_ rest: [UInt8], at level: Logger.Level, of plugin: String) {
        guard level >= lowestLevel else { return }
        guard budget.admits(rest.count, of: plugin) else { return budget.suppress(rest.count, of: plugin) }
        let (text, isWhole) = LogText.make(rest, atMost: limits.bytesPerMessage)
        put(text, isWhole: isWhole, of: rest.count, at: level, plugin: plugin)
    }

    private func put(_ text: String, isWhole: Bool, of count: Int, at level: Logger.Level, plugin: String) {
        budget.spend(text.utf8.count + LogLimits.bytesPerLine)
        var metadata: Logger.Metadata = ["plugin": "\(plugin)"]
        if !isWhole { metadata["cut-from-bytes"] = "\(count)" }
        logger.log(
            level: level,
            isWhole ? "\(text)" : "\(text)[… cut from \(count) bytes]",
            metadata: metadata,
            source: "plugin"
        )
    }
}

/// What became of a message, as guests are told.
enum LogOutcome: Int32 {
    case written = 0
    case cut = 1
    case belowLevel = -1
    case suppressed = -2
}

extension Logging {
    public var summary: String {
        """
        from \(minimumLevel), at most \(limits.bytesPerMessage) bytes per message, \(limits.bytesPerCall) per call, \
        \(limits.bytesPerSecond) per second
        """
    }
}

extension Logger.Level {
    fileprivate init?(guestLevel: UInt32) {
        guard let level = Self.allCases.first(where: { $0.guestLevel == guestLevel }) else { return nil }
        self = level
    }

    fileprivate var guestLevel: UInt32 {
        switch self {
        case .trace: 0
        case .debug: 1
        case .info: 2
        case .notice: 3
        case .warning: 4
        case .error: 5
        case .critical: 6
        }
    }
}
