/// What the functions of ``FileAccess`` answer instead of a count: ordinary failures, as negative numbers. More may be added in a
/// minor version.
public struct FileResultCode: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// There is no such file or folder.
    public static let notFound = Self(rawValue: -1)
    /// There is one already.
    public static let exists = Self(rawValue: -2)
    /// What should be a folder is none.
    public static let notFolder = Self(rawValue: -3)
    /// What should be a file is a folder.
    public static let isFolder = Self(rawValue: -4)
    /// The folder is not empty.
    public static let notEmpty = Self(rawValue: -5)
    /// It is neither a regular file nor a folder, or is a granted folder itself where one in it is needed.
    public static let notUsable = Self(rawValue: -6)
    /// The path has a NUL byte in it, more than 4096 bytes, more than 64 names, or a name of more than 255 bytes.
    public static let invalidPath = Self(rawValue: -7)
    /// The two paths are not in one granted folder.
    public static let differentFolders = Self(rawValue: -8)
    /// The file would become larger than ``FileLimits/bytesPerFile``.
    public static let fileTooLarge = Self(rawValue: -9)
    /// ``FileLimits/writtenBytes`` or ``FileLimits/createdEntries`` is used up.
    public static let overBudget = Self(rawValue: -10)
    /// The folder has more entries than ``FileLimits/entriesPerListing``.
    public static let tooManyEntries = Self(rawValue: -11)
    /// The room that the guest gave does not hold the answer.
    public static let roomTooSmall = Self(rawValue: -12)
    /// The disk is full.
    public static let noSpace = Self(rawValue: -13)
    /// The operating system failed in another way.
    public static let failed = Self(rawValue: -14)
    /// 256 operations of the grant wait for the disk already. Nothing was done, and it can be tried again.
    public static let overloaded = Self(rawValue: -15)

    /// The code of a failure; nil for those that the grant forbids.
    init?(_ failure: FileFailure) {
        switch failure {
        case .leadsOut, .readOnly, .hasOtherNames: return nil
        case .notFound: self = .notFound
        case .exists: self = .exists
        case .notFolder: self = .notFolder
        case .isFolder: self = .isFolder
        case .notEmpty: self = .notEmpty
        case .notRegular: self = .notUsable
        case .invalidPath, .nameTooLong: self = .invalidPath
        case .differentFolders: self = .differentFolders
        case .fileTooLarge: self = .fileTooLarge
        case .overBudget: self = .overBudget
        case .tooManyEntries: self = .tooManyEntries
        case .noSpace: self = .noSpace
        case .overloaded: self = .overloaded
        case .tooManyOpen, .cancelled, .system: self = .failed
        }
    }
}
