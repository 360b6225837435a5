public import Airlock
public import Logging

extension Logging {
    /// Reads a grant from a policy: `level`, `bytesPerMessage`, `bytesPerCall`, `bytesPerSecond`, each with the default of
    /// ``init(to:from:limits:clock:)``.
    public init(
        policy fields: inout ManifestFields,
        to logger: Logger = Logger(label: "airlock.plugins")
    ) throws(PluginError) {
        self.init(
            to: logger,
            from: try fields.logLevel("level") ?? .info,
            limits: LogLimits(
                bytesPerMessage: try fields.byteCount("bytesPerMessage") ?? LogLimits().bytesPerMessage,
                bytesPerCall: try fields.byteCount("bytesPerCall") ?? LogLimits().bytesPerCall,
                bytesPerSecond: try fields.byteCount("bytesPerSecond") ?? LogLimits().bytesPerSecond
            )
        )
    }

    /// A wish may name `level`, `bytesPerMessage`, `bytesPerCall` and `bytesPerSecond`; what is more than this grant is cut down to it. The
    /// plugin gets bytes per second of its own.
    public func attenuated(to wish: CapabilityWish) throws(PluginError) -> Self {
        try wish.read { (fields) throws(PluginError) in
            let level = try fields.logLevel("level") ?? minimumLevel
            let limits = LogLimits(
                bytesPerMessage: min(limits.bytesPerMessage, try fields.byteCount("bytesPerMessage") ?? .max),
                bytesPerCall: min(limits.bytesPerCall, try fields.byteCount("bytesPerCall") ?? .max),
                bytesPerSecond: min(limits.bytesPerSecond, try fields.byteCount("bytesPerSecond") ?? .max)
            )
            return narrowed(from: max(level, minimumLevel), limits)
        }
    }
}

extension ManifestFields {
    fileprivate mutating func logLevel(_ key: String) throws(PluginError) -> Logger.Level? {
        try choice(
            key,
            of: [
                "trace": .trace, "debug": .debug, "info": .info, "notice": .notice, "warning": .warning,
                "error": .error, "critical": .critical,
            ])
    }
}
