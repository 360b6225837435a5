#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Why an operation on a granted folder was not done.
enum FileFailure: Error, Equatable {
    /// The path leads out of what was granted; the text continues "the path …".
    case leadsOut(String)
    /// The folder was granted for reading only.
    case readOnly
    /// The file has other names, perhaps outside of the folder, and writing would change it there as well.
    case hasOtherNames
    case notFound
    case exists
    case notFolder
    case isFolder
    case notEmpty
    /// Neither a regular file nor a folder.
    case notRegular
    case invalidPath
    case nameTooLong
    case differentFolders
    /// The file would become larger than ``FileLimits/bytesPerFile``.
    case fileTooLarge
    /// One of the grant's budgets is used up.
    case overBudget
    case tooManyEntries
    case tooManyOpen
    case noSpace
    /// The call ended before the operation began.
    case cancelled
    /// Too many operations of the grant wait for the disk.
    case overloaded
    /// Any other error number of the operating system.
    case system(Int32)

    /// Whether the grant forbids it, as opposed to a failure that can happen to everyone.
    var isDenial: Bool {
        switch self {
        case .leadsOut, .readOnly, .hasOtherNames: true
        default: false
        }
    }

    /// What an error says after the path, for a denial.
    var reason: String {
        switch self {
        case .leadsOut(let reason): reason
        case .readOnly: "is in a folder that was granted for reading only"
        case .hasOtherNames:
            "names a file that has other names as well, so that writing to it could reach out of the folder"
        default: "cannot be used: \(self)"
        }
    }

    /// The failure that an error number of the operating system stands for.
    init(errno number: Int32) {
        self =
            switch number {
            case ENOENT: .notFound
            case EEXIST: .exists
            case ENOTDIR: .notFolder
            case EISDIR: .isFolder
            case ENOTEMPTY: .notEmpty
            case ENAMETOOLONG: .nameTooLong
            case EFBIG: .fileTooLarge
            case EMFILE, ENFILE: .tooManyOpen
            case ENOSPC, EDQUOT: .noSpace
            case ENXIO: .notRegular
            case EXDEV: .differentFolders
            default: .system(number)
            }
    }

    /// The failure of the system call that was just made on this thread.
    static var last: Self { Self(errno: errno) }
}
