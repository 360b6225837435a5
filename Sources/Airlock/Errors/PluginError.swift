public import Wasmtime

/// Why a plugin was not loaded, or why a call ended without a result.
///
/// `code` tells the causes apart; the other fields say which plugin it was, which limit was passed and what was used.
public struct PluginError: Error, Sendable, CustomStringConvertible {
    /// The cause, as a value that code can decide by. More may be added in a minor version.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// The call burnt its fuel.
        public static let fuel = Code(description: "fuel")
        /// The call's deadline passed.
        public static let deadline = Code(description: "deadline")
        /// The task that awaited the call was cancelled.
        public static let cancelled = Code(description: "cancelled")
        /// The guest trapped in an instance that its memory limit had refused growth at any time before, in this call or an earlier one;
        /// its exception objects took more than the limit; or the module begins with more. What a module's own, lower maximum refuses does
        /// not count.
        public static let memory = Code(description: "memory")
        /// The guest called more host functions than a call may.
        public static let hostCalls = Code(description: "hostCalls")
        /// The guest handed out more bytes than a call may.
        public static let output = Code(description: "output")
        /// The guest trapped; ``PluginError/trap`` says how.
        public static let trap = Code(description: "trap")
        /// A host function failed.
        public static let hostError = Code(description: "hostError")
        /// A host function refused: the grant does not cover what was asked.
        public static let denied = Code(description: "denied")
        /// The guest passed a pointer, length or text that is not valid.
        public static let badArgument = Code(description: "badArgument")
        /// The guest broke the rules of its plugin ABI.
        public static let abiViolation = Code(description: "abiViolation")
        /// The guest answered that it failed, in the way its ABI has for that.
        public static let guestError = Code(description: "guestError")
        /// The guest ended itself; ``PluginError/exitCode`` is the code that it gave.
        public static let exit = Code(description: "exit")
        /// The module cannot be read, is not valid WebAssembly, or needs something that is off.
        public static let invalidModule = Code(description: "invalidModule")
        /// The module's file is being written, as far as the system tells (Linux does, of files of the same user), so that it may be half a
        /// module. Half of one can be a valid one.
        public static let incomplete = Code(description: "incomplete")
        /// The module is larger than its bounds allow. Found before it was compiled.
        public static let moduleBounds = Code(description: "moduleBounds")
        /// The module imports what no granted capability offers.
        public static let missingCapability = Code(description: "missingCapability")
        /// The module does not export what was asked for.
        public static let missingExport = Code(description: "missingExport")
        /// A function or memory has another type than was expected.
        public static let signatureMismatch = Code(description: "signatureMismatch")
        /// There is no place for it now: the plugin's calls in flight or its quota's calls at the same time are at their number, the call
        /// waited in the quota's queue for as long as its deadline, the host has as many instances as it may have, or the engine has no
        /// room for another one. Of a quota's calls ``PluginError/retryAfter`` is an estimate; elsewhere nobody knows when there will be a
        /// place, and it is nil.
        public static let overloaded = Code(description: "overloaded")
        /// A quota that the plugin shares with others, or its share of a worker loop, is used up; ``PluginError/quota`` names it and
        /// ``PluginError/retryAfter`` says when to try again, for what comes back with time.
        public static let quotaExceeded = Code(description: "quotaExceeded")
        /// The plugin failed too often and is not run for a while, or until it is readmitted.
        public static let quarantined = Code(description: "quarantined")
        /// The module's digest is not the one that was pinned.
        public static let digestMismatch = Code(description: "digestMismatch")
        /// The module, or its signature, is not what one of the expected keys signed.
        public static let signatureRefused = Code(description: "signatureRefused")
        /// The plugin's manifest is not usable, or asks for what the host's policy does not give.
        public static let manifest = Code(description: "manifest")
        /// The module could not be compiled within the limits of the compiler's process.
        public static let compilation = Code(description: "compilation")
        /// The instance ended in an earlier failure and takes no more calls.
        public static let unavailable = Code(description: "unavailable")
        /// The plugin was unloaded, or the host was shut down.
        public static let stopped = Code(description: "stopped")
        /// What is kept on disk about the releases of a plugin cannot be read or written, or is damaged.
        public static let storage = Code(description: "storage")
        /// There is no version, or no quarantined module, that what was asked for could be done with.
        public static let noSuchVersion = Code(description: "noSuchVersion")
        /// The host's own configuration is not usable.
        public static let configuration = Code(description: "configuration")
    }

    /// The cause.
    public var code: Code {
        get { details.fields.code }
        set { change { $0.code = newValue } }
    }

    /// The plugin's name; empty where there is none yet.
    public var plugin: String {
        get { details.fields.plugin }
        set { change { $0.plugin = newValue } }
    }

    /// The number of the version that failed; 0 where there is none yet.
    public var version: Int {
        get { details.fields.version }
        set { change { $0.version = newValue } }
    }

    /// What went wrong, what was expected and what came, in one or two sentences.
    public var message: String {
        get { details.fields.message }
        set { change { $0.message = newValue } }
    }

    /// The bound that was passed, in the unit of its limit (fuel, bytes, calls, nanoseconds), where one was.
    public var limit: UInt64? {
        get { details.fields.limit }
        set { change { $0.limit = newValue } }
    }

    /// What was used of it, in the same unit.
    public var used: UInt64? {
        get { details.fields.used }
        set { change { $0.used = newValue } }
    }

    /// The engine's trap, where the guest was stopped by one: its kind, text and guest backtrace.
    public var trap: Trap? {
        get { details.fields.trap }
        set { change { $0.trap = newValue } }
    }

    /// The code that the guest ended itself with, where it did.
    public var exitCode: UInt32? {
        get { details.fields.exitCode }
        set { change { $0.exitCode = newValue } }
    }

    /// What the failed call used until then, where it had begun.
    public var report: CallReport? {
        get { details.fields.report }
        set { change { $0.report = newValue } }
    }

    /// The name of the quota that is used up, where one is.
    public var quota: String? {
        get { details.fields.quota }
        set { change { $0.quota = newValue } }
    }

    /// How long to wait before the same call can succeed; nil where nobody knows, or time alone does not help: with
    /// ``Code/overloaded`` without a quota, a quota's memory, an amount that is larger than the quota ever holds, and every failure of the
    /// guest's own. For a quota's calls at the same time it is an estimate, from how long its last calls have taken and how many wait.
    public var retryAfter: Duration? {
        get { details.fields.retryAfter }
        set { change { $0.retryAfter = newValue } }
    }

    // One word, so that a function that may throw it costs nothing more where it does not.
    private var details: Details

    private struct Fields: Sendable {
        var code: Code
        var plugin: String
        var version: Int
        var message: String
        var limit: UInt64?
        var used: UInt64?
        var trap: Trap?
        var report: CallReport?
        var quota: String?
        var retryAfter: Duration?
        var exitCode: UInt32?
    }

    private final class Details: Sendable {
        let fields: Fields

        init(_ fields: Fields) {
            self.fields = fields
        }
    }

    private mutating func change(_ body: (inout Fields) -> Void) {
        var fields = details.fields
        body(&fields)
        details = Details(fields)
    }

    /// Makes an error.
    public init(
        _ code: Code,
        plugin: String = "",
        version: Int = 0,
        message: String,
        limit: UInt64? = nil,
        used: UInt64? = nil,
        trap: Trap? = nil,
        report: CallReport? = nil
    ) {
        details = Details(
            Fields(
                code: code,
                plugin: plugin,
                version: version,
                message: message,
                limit: limit,
                used: used,
                trap: trap,
                report: report
            )
        )
    }

    /// The guest functions that were active when it was stopped, innermost first; empty where there was no trap.
    public var backtrace: [Trap.Frame] { trap?.backtrace ?? [] }

    public var description: String {
        var text = plugin.isEmpty ? "" : "plugin '\(plugin)'"
        if version > 0 { text += " version \(version)" }
        text += "\(text.isEmpty ? "" : ": ")\(code): \(message)"
        if let limit, let used { text += " (used \(used) of \(limit))" }
        if let retryAfter { text += "; try again in \(retryAfter)" }
        return text
    }
}
