import Airlock

/// Why a host function does not do what it was asked for: an answer to the guest, or the end of the call.
enum Refusal: Error {
    /// The guest gets this status.
    case status(Status)
    /// The guest gets this WASI error number.
    case errno(UInt32)
    /// The call ends, and the virtual machine with it.
    case stop(HostError)

    /// A pointer outside the guest's memory is an answer; a passed limit ends the call.
    init(_ error: HostError) {
        self = error.kind == .badArgument ? .status(.invalidMemoryAccess) : .stop(error)
    }
}
