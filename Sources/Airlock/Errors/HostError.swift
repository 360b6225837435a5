/// Why a host function did not do what the guest asked. Thrown out of a host function, it stops the guest, and the
/// call ends in a ``PluginError`` with the code of its ``Kind``.
public struct HostError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is. More may be added in a minor version.
    public struct Kind: Hashable, Sendable {
        let code: PluginError.Code

        /// The host could not do it.
        public static let failed = Kind(code: .hostError)
        /// The grant does not cover it.
        public static let denied = Kind(code: .denied)
        /// The guest passed a pointer, length or text that is not valid.
        public static let badArgument = Kind(code: .badArgument)
        /// The guest broke the rules of its ABI.
        public static let abiViolation = Kind(code: .abiViolation)
        /// The guest ended itself.
        static let exit = Kind(code: .exit)
        /// The guest passed the limit of host calls.
        static let hostCalls = Kind(code: .hostCalls)
        /// The guest passed the limit of output bytes.
        static let output = Kind(code: .output)
        /// A quota of the plugin is used up.
        static let quota = Kind(code: .quotaExceeded)
    }

    /// The kind of failure.
    public var kind: Kind
    /// What was asked, what was expected and what came.
    public var message: String

    var limit: UInt64?
    var used: UInt64?
    var exitCode: UInt32?
    var quota: String?
    var retryAfter: Duration?

    /// The refusal of a quota, in the middle of a call.
    init(quota refusal: PluginError) {
        self.init(.quota, refusal.message)
        limit = refusal.limit
        used = refusal.used
        quota = refusal.quota
        retryAfter = refusal.retryAfter
    }

    /// Makes an error.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// What a host function throws through which a guest ends itself, such as WASI's `proc_exit`. The call ends with
    /// ``PluginError/Code/exit`` and this ``PluginError/exitCode``.
    public static func exit(_ code: UInt32) -> Self {
        var error = Self(.exit, "the guest exited with the code \(code)")
        error.exitCode = code
        return error
    }

    public var description: String { "\(kind.code): \(message)" }
}
