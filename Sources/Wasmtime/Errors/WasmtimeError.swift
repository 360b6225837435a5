/// An error of the engine, of a guest that trapped, or of a host function that the guest called.
///
/// The value is one word, so that throwing it costs nothing on calls that succeed.
public struct WasmtimeError: Error, Sendable {
    private let details: Details

    /// What went wrong.
    public var code: Code { details.code }

    /// What went wrong, for people: it names the thing, what was expected and what came.
    public var message: String { details.message }

    /// Where and why the guest stopped, when it was running.
    public var trap: Trap? { details.trap }

    /// The error that a host function threw, unchanged, when ``code`` is ``Code-swift.struct/hostError``.
    public var hostError: (any Error)? { details.hostError }

    /// The status that a WASI program ended with, when ``code`` is ``Code-swift.struct/exit``.
    public var exitStatus: Int32? { details.exitStatus }

    /// Why the call was stopped from outside, when ``code`` is ``Code-swift.struct/cancelled``. It is `nil` when
    /// the Swift task was cancelled.
    public var stopReason: StopReason? { details.stopReason }

    init(
        _ code: Code, _ message: String, trap: Trap? = nil, hostError: (any Error)? = nil, exitStatus: Int32? = nil,
        stopReason: StopReason? = nil
    ) {
        details = Details(
            code: code, message: message, trap: trap, hostError: hostError, exitStatus: exitStatus,
            stopReason: stopReason)
    }

    private final class Details: Sendable {
        let code: Code
        let message: String
        let trap: Trap?
        let hostError: (any Error)?
        let exitStatus: Int32?
        let stopReason: StopReason?

        init(
            code: Code, message: String, trap: Trap?, hostError: (any Error)?, exitStatus: Int32?,
            stopReason: StopReason?
        ) {
            self.code = code
            self.message = message
            self.trap = trap
            self.hostError = hostError
            self.exitStatus = exitStatus
            self.stopReason = stopReason
        }
    }
}

extension WasmtimeError {
    /// What went wrong. More codes may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's name.
        public let description: String

        /// An engine setting is out of its range or contradicts another one.
        public static let configuration = Code(description: "configuration")
        /// The loaded libwasmtime is not of the version that this library was written for.
        public static let unsupportedLibrary = Code(description: "unsupportedLibrary")
        /// The bytes or the text are not a module that this engine accepts.
        public static let invalidModule = Code(description: "invalidModule")
        /// The serialised module was not made by this version and these settings of the engine.
        public static let invalidArtifact = Code(description: "invalidArtifact")
        /// A host function was refused by the linker, for example because its name is taken.
        public static let invalidDefinition = Code(description: "invalidDefinition")
        /// The module imports things that the linker does not have, or has with another type.
        public static let missingImports = Code(description: "missingImports")
        /// The instance exports nothing of that name and kind.
        public static let missingExport = Code(description: "missingExport")
        /// A function or a global has another type than the one asked for.
        public static let signatureMismatch = Code(description: "signatureMismatch")
        /// The instance could not be created, for example because a limit of its store forbids it.
        public static let instantiation = Code(description: "instantiation")
        /// The guest trapped; ``WasmtimeError/trap`` says why and where.
        public static let trap = Code(description: "trap")
        /// A host function threw; ``WasmtimeError/hostError`` is its error.
        public static let hostError = Code(description: "hostError")
        /// The guest ended itself through WASI; ``WasmtimeError/exitStatus`` is its status.
        public static let exit = Code(description: "exit")
        /// The call was stopped from outside; ``WasmtimeError/stopReason`` says why.
        public static let cancelled = Code(description: "cancelled")
        /// An offset and a length lie outside the guest's memory.
        public static let outOfBounds = Code(description: "outOfBounds")
        /// A memory, or the heap of exception objects, could not grow.
        public static let growth = Code(description: "growth")
        /// The store is in use: a view of its memory is open, or it is running another call.
        public static let busy = Code(description: "busy")
        /// A handle was used with another store than the one it belongs to.
        public static let wrongStore = Code(description: "wrongStore")
        /// The engine was made without the feature that is asked for, for example fuel.
        public static let disabled = Code(description: "disabled")
        /// The engine failed in a way that has no code of its own.
        public static let engine = Code(description: "engine")
    }
}

extension WasmtimeError: CustomStringConvertible {
    /// The code, the message, and the guest's backtrace where there is one.
    public var description: String {
        var text = "\(code): \(message)"
        for frame in trap?.backtrace ?? [] {
            text += "\n    at \(frame)"
        }
        return text
    }
}

/// Why a call was stopped from outside. Whoever stops a call may define reasons of its own.
public struct StopReason: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The reason's name.
    public let rawValue: String

    /// Makes a reason from its name.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The reason's name.
    public var description: String { rawValue }
}
