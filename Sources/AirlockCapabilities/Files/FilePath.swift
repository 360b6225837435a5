/// A path that a guest passed, as names beneath the folder that it is relative to.
///
/// `.` and empty names are dropped, and `..` takes back the name before it, as text: no system call ever gets either of them from a guest.
/// A path that goes up beyond its begin leads out and is refused.
struct FilePath: Sendable, Hashable {
    /// The longest path in bytes, as on Linux (`PATH_MAX`).
    static let maximumBytes = 4096
    /// The longest name in bytes, as on Linux and macOS (`NAME_MAX`).
    static let maximumNameBytes = 255
    /// The most names in one path: each costs a system call.
    static let maximumNames = 64

    /// The names, none of them empty, `.`, `..`, or with a slash or a NUL byte in it.
    var names: [String]
    /// Whether the path can only mean a folder, because it ends with a slash, `.` or `..`.
    var wantsFolder: Bool

    init(names: [String], wantsFolder: Bool = false) {
        self.names = names
        self.wantsFolder = wantsFolder
    }

    /// Reads a path.
    /// - Parameter isRooted: whether a slash at the begin is allowed and means nothing, because the path is not relative to a folder.
    init(_ text: String, isRooted: Bool) throws(FileFailure) {
        guard text.utf8.count <= Self.maximumBytes else { throw .nameTooLong }
        guard !text.utf8.isEmpty else { throw .notFound }
        guard !text.utf8.contains(0) else { throw .invalidPath }
        guard isRooted || text.utf8.first != UInt8(ascii: "/") else {
            throw .leadsOut("is absolute, and only names in the folder are allowed")
        }
        names = []
        wantsFolder = true
        for part in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            wantsFolder = true
            switch part.count {
            case 0: continue
            case 1 where part.first == UInt8(ascii: "."): continue
            case 2 where part.elementsEqual("..".utf8):
                guard names.popLast() != nil else { throw .leadsOut("goes up with '..' beyond its begin") }
            default:
                guard part.count <= Self.maximumNameBytes, names.count < Self.maximumNames else { throw .nameTooLong }
                names.append(String(Substring(part)))
                wantsFolder = false
            }
        }
    }

    /// The path beneath a folder that this path leads through, or nil where it does not.
    func relative(to folder: FilePath) -> FilePath? {
        guard names.starts(with: folder.names) else { return nil }
        let rest = Array(names.dropFirst(folder.names.count))
        return FilePath(names: rest, wantsFolder: wantsFolder || rest.isEmpty)
    }
}
