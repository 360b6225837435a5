import Airlock

/// The error numbers of WASI preview 1 that are answered here. Source: the witx definition of `errno`.
enum WASIErrno: UInt32 {
    case success = 0
    case access = 2
    case again = 6
    case badDescriptor = 8
    case busy = 10
    case cancelled = 11
    case quota = 19
    case exists = 20
    case fault = 21
    case fileTooBig = 22
    case illegalSequence = 25
    case invalid = 28
    case inputOutput = 29
    case isFolder = 31
    case tooManyOpen = 33
    case nameTooLong = 37
    case tooManyOpenInSystem = 41
    case noEntry = 44
    case noSpace = 51
    case notFolder = 54
    case notEmpty = 55
    case notSocket = 57
    case notSupported = 58
    case overflow = 61
    case notPermitted = 63
    case readOnlyFileSystem = 69
    case illegalSeek = 70
    case crossDevice = 75
    case notCapable = 76
}

/// Why a WASI function does not do what it was asked for: an error number for the guest, or the end of its call.
enum WASIFailure: Error {
    case errno(WASIErrno)
    case stop(HostError)

    /// A pointer that is not valid is an answer, and so is what a grant refuses; a passed limit ends the call.
    init(_ error: HostError) {
        switch error.kind {
        case .badArgument: self = .errno(.fault)
        case .denied: self = .errno(.notCapable)
        default: self = .stop(error)
        }
    }

    init(_ failure: FileFailure) {
        self = .errno(WASIErrno(failure))
    }

    /// What the guest gets.
    func answer() throws(HostError) -> UInt32 {
        switch self {
        case .errno(let number): return number.rawValue
        case .stop(let error): throw error
        }
    }
}
