import Synchronization

/// What a guest's descriptor stands for.
final class WASIDescriptor: Sendable {
    enum Target: Sendable {
        /// Standard input, which is empty.
        case input
        /// Standard output or error.
        case output(WASIOutput)
        case file(FileDescriptor)
        case folder(WASIFolder)
    }

    struct State: Sendable {
        var rights: WASIRights
        var inheriting: WASIRights
        var flags: WASIDescriptorFlags = []
        /// Where the next read or write of a file begins.
        var position: UInt64 = 0
    }

    let target: Target
    private let values: Mutex<State>
    // Gives back its place among the grant's open files.
    private let ticket: OpenFileTicket?

    init(_ target: Target, rights: WASIRights, inheriting: WASIRights = [], ticket: OpenFileTicket? = nil) {
        self.target = target
        self.ticket = ticket
        values = Mutex(State(rights: rights, inheriting: inheriting))
    }

    var state: State { values.withLock(\.self) }

    func change(_ body: @Sendable (inout State) -> Void) {
        values.withLock { body(&$0) }
    }

    /// Whether it counts against the limit of open files.
    var isCounted: Bool { ticket != nil }

    /// The file that it stands for.
    var file: FileDescriptor {
        get throws(WASIFailure) {
            switch target {
            case .file(let file): return file
            case .folder: throw .errno(.isFolder)
            case .input, .output: throw .errno(.illegalSeek)
            }
        }
    }

    /// The folder that it stands for.
    var folder: WASIFolder {
        get throws(WASIFailure) {
            guard case .folder(let folder) = target else { throw .errno(.notFolder) }
            return folder
        }
    }

    /// As `filetype` of the ABI. Standard streams are terminals, so that C libraries write each line when it ends.
    var kind: UInt8 {
        switch target {
        case .input, .output: 2
        case .folder: 3
        case .file: 4
        }
    }
}

/// A folder that a guest holds open.
struct WASIFolder: Sendable {
    let folder: Folder
    /// The granted folder that it is in.
    let grant: PreopenedFolder
    /// Whether it is the granted folder itself, which guests find by its number.
    var isPreopened = false

    /// The place of a path that is relative to this folder.
    func place(of path: FilePath) -> FilePlace {
        FilePlace(root: folder, path: path, grant: ObjectIdentifier(grant.root.descriptor))
    }
}

/// As `fdflags` of the ABI.
struct WASIDescriptorFlags: OptionSet, Sendable {
    var rawValue: UInt16

    static let append = Self(rawValue: 1)
    static let dataSync = Self(rawValue: 2)
    static let nonBlocking = Self(rawValue: 4)
    static let readSync = Self(rawValue: 8)
    static let sync = Self(rawValue: 16)
    static let all: Self = [.append, .dataSync, .nonBlocking, .readSync, .sync]

    /// Whether a write has to wait until it is on the disk. Each of the three flags means all of them here.
    var synchronizes: Bool { !isDisjoint(with: [.dataSync, .readSync, .sync]) }
}

/// A place among the open files of a grant.
final class OpenFileTicket: Sendable {
    private let budget: FileBudget

    init(_ usage: FileUsage) throws(FileFailure) {
        do throws(FileFailure) {
            try usage.openFiles.take(1)
        } catch {
            throw .tooManyOpen
        }
        budget = usage.openFiles
    }

    deinit {
        budget.giveBack(1)
    }
}
