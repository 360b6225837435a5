#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension WASIErrno {
    /// The error number that a failed file operation is answered with. What the grant forbids is "capabilities insufficient".
    init(_ failure: FileFailure) {
        self =
            switch failure {
            case .leadsOut, .readOnly, .hasOtherNames: .notCapable
            case .notFound: .noEntry
            case .exists: .exists
            case .notFolder: .notFolder
            case .isFolder: .isFolder
            case .notEmpty: .notEmpty
            case .notRegular: .notSupported
            case .invalidPath: .invalid
            case .nameTooLong: .nameTooLong
            case .differentFolders: .crossDevice
            case .fileTooLarge: .fileTooBig
            case .overBudget: .quota
            case .tooManyEntries: .overflow
            case .tooManyOpen: .tooManyOpenInSystem
            case .noSpace: .noSpace
            case .cancelled: .cancelled
            case .overloaded: .again
            case .system(EACCES): .access
            case .system(EPERM): .notPermitted
            case .system(EINVAL): .invalid
            case .system(EBUSY): .busy
            case .system(EROFS): .readOnlyFileSystem
            case .system: .inputOutput
            }
    }
}
