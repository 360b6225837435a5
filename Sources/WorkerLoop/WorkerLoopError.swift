import CLibuv

/// Why a worker loop could not do what it was asked for.
public struct WorkerLoopError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong. More codes may be added, so a `switch` needs a `default`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The code's name.
        public let description: String

        /// The system refused what a loop needs: a thread, a file descriptor, memory.
        public static let systemResource = Code(description: "systemResource")
        /// The loop's shutdown has begun, and it takes nothing new.
        public static let shutDown = Code(description: "shutDown")
        /// An argument is outside its range.
        public static let invalidArgument = Code(description: "invalidArgument")
    }

    /// What went wrong.
    public let code: Code
    /// The name of the loop or group concerned.
    public let loop: String
    /// The operation that failed: a call of libuv or of this module.
    public let operation: String
    /// What the operation expected and what it met; for a call of libuv, libuv's own message.
    public let reason: String

    /// Names the loop, the operation and the reason in one line.
    public var description: String {
        "worker loop \"\(loop)\": \(operation): \(reason)"
    }

    init(code: Code, loop: String, operation: String, reason: String) {
        self.code = code
        self.loop = loop
        self.operation = operation
        self.reason = reason
    }

    init(_ failure: LibuvFailure, loop: String) {
        self.init(code: .systemResource, loop: loop, operation: failure.operation, reason: failure.reason)
    }

    static func shutDown(loop: String, operation: String) -> WorkerLoopError {
        WorkerLoopError(
            code: .shutDown, loop: loop, operation: operation, reason: "the loop's shutdown has begun")
    }
}

/// A status below zero from a call of libuv.
package struct LibuvFailure: Error {
    let status: CInt
    let operation: String

    /// libuv's message and name for the status, such as `too many open files (EMFILE)`.
    var reason: String {
        // libuv's strings for known statuses are static; for unknown ones it allocates a few bytes that stay.
        unsafe "\(String(cString: uv_strerror(status))) (\(String(cString: uv_err_name(status))))"
    }

    /// Throws if `status` reports a failure.
    static func check(_ status: CInt, _ operation: String) throws(LibuvFailure) {
        if status < 0 {
            throw LibuvFailure(status: status, operation: operation)
        }
    }
}
