#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

// Foundation asks about a path and opens it in two steps, between which the file can be exchanged. Here all questions go
// to the descriptor that is open.

// `unsafe` in this file: the system reads paths, and reads and writes the given number of bytes, during its calls only.

/// An open file or folder. It is closed when it is let go.
struct OpenFile: ~Copyable, Sendable {
    /// How a file is opened.
    enum Mode: Sendable {
        /// For reading. A named pipe is opened, too, and does not block.
        case read
        /// For reading, and not through a symbolic link.
        case readUnlinked
        /// A folder.
        case folder
        /// For writing, as a new file that only its owner can read.
        case create
        /// To be locked. It is made where there is none.
        case lock

        fileprivate var flags: CInt {
            switch self {
            case .read: O_RDONLY | O_NONBLOCK | O_CLOEXEC
            case .readUnlinked: O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW
            case .folder: O_RDONLY | O_DIRECTORY | O_CLOEXEC
            case .create: O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
            case .lock: O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW
            }
        }
    }

    let descriptor: CInt
    let name: String

    /// Takes over a descriptor that is open.
    init(descriptor: CInt, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    /// Opens a path, taken from the working directory.
    init(_ path: String, _ mode: Mode) throws(FileFailure) {
        try self.init(path, mode, relativeTo: AT_FDCWD)
    }

    private init(_ path: String, _ mode: Mode, relativeTo folder: CInt) throws(FileFailure) {
        // The system would take what is before it for the path.
        guard !path.utf8.contains(0) else { throw FileFailure("open", path, code: EINVAL) }
        let opened = Self.retrying { unsafe openat(folder, path, mode.flags, 0o600) }
        guard opened >= 0 else { throw FileFailure("open", path) }
        self.init(descriptor: opened, name: path)
    }

    deinit {
        close(descriptor)
    }

    /// Opens an entry of this folder.
    func open(_ entry: String, _ mode: Mode) throws(FileFailure) -> OpenFile {
        try OpenFile(entry, mode, relativeTo: descriptor)
    }

    func facts() throws(FileFailure) -> FileFacts {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw FileFailure("look at", name) }
        return FileFacts(status)
    }

    /// Reads up to `most` bytes, from where the last read ended. Fewer mean that the file ends there.
    func read(atMost most: Int) throws(FileFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < most {
            let part = min(most - bytes.count, 1 << 20)
            var failure: FileFailure?
            let chunk = unsafe [UInt8](unsafeUninitializedCapacity: part) { buffer, count in
                let got = Self.retrying { unsafe systemRead(descriptor, buffer.baseAddress, part) }
                if got < 0 { failure = FileFailure("read", name) }
                count = max(got, 0)
            }
            if let failure { throw failure }
            if chunk.isEmpty { break }
            bytes.append(contentsOf: chunk)
        }
        return bytes
    }

    /// Writes all bytes.
    func write(_ bytes: [UInt8]) throws(FileFailure) {
        var written = 0
        while written < bytes.count {
            let put = unsafe bytes.withUnsafeBytes { buffer in
                Self.retrying {
                    unsafe systemWrite(descriptor, buffer.baseAddress! + written, bytes.count - written)
                }
            }
            guard put > 0 else { throw FileFailure("write", name) }
            written += put
        }
    }

    /// Waits until all that was written is on the disk; of a folder, the names in it.
    func synchronize() throws(FileFailure) {
        guard fsync(descriptor) == 0 else { throw FileFailure("save", name) }
    }

    /// A process that was forked from this one has its open files, and their locks, until it runs a program of its own. On a machine that is
    /// busy that takes seconds: one waits for five.
    static let looksAtForked = 1_000
    static let pauseBetweenLooks: UInt32 = 5_000

    /// Takes the lock of this file until it is closed, and waits for forked processes; `false` where whoever opened it elsewhere has it, in this
    /// process or another.
    func tryLock() throws(FileFailure) -> Bool {
        for _ in 0..<Self.looksAtForked {
            guard Self.retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) != 0 else { return true }
            guard errno == EWOULDBLOCK else { throw FileFailure("lock", name) }
            usleep(Self.pauseBetweenLooks)
        }
        return false
    }

    private static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}

/// What the system did not do with a file.
struct FileFailure: Error, Sendable, CustomStringConvertible {
    let action: String
    let name: String
    let code: CInt

    /// The failure that the system just reported on this thread.
    init(_ action: String, _ name: String) {
        self.init(action, name, code: errno)
    }

    init(_ action: String, _ name: String, code: CInt) {
        self.code = code
        self.action = action
        self.name = name
    }

    /// Whether there is no such file.
    var isAbsence: Bool { code == ENOENT }

    var description: String {
        let name = LogText.make(Array(name.utf8))
        // Safe: the text is copied before the thread asks for another one.
        return unsafe "cannot \(action) '\(name)': \(String(cString: strerror(code)))"
    }
}

private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    unsafe read(descriptor, bytes, count)
}

private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    unsafe write(descriptor, bytes, count)
}
