import FoundationEssentials

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

// A request could go through a pipe. But a write to a pipe whose reader died raises SIGPIPE, which ends the host unless it
// ignores that signal, and that is not for a library to change.

extension OpenFile {
    /// A file without a name that holds `parts`, to be read from its begin by a process that inherits it.
    static func nameless(holding parts: [UInt8]...) throws(FileFailure) -> OpenFile {
        do {
            // In memory, where there is such a folder and it has room.
            return try nameless(in: "/dev/shm", holding: parts)
        } catch {
            return try nameless(in: FileManager.default.temporaryDirectory.path, holding: parts)
        }
    }

    private static func nameless(in folder: String, holding parts: [[UInt8]]) throws(FileFailure) -> OpenFile {
        let path = "\(folder)/airlock-\(UUID().uuidString)"
        let file = try OpenFile(path, .create)
        // Safe: the path is read during the call only.
        unsafe unlink(path)
        for part in parts { try file.write(part) }
        guard lseek(file.descriptor, 0, SEEK_SET) == 0 else { throw FileFailure("rewind", path) }
        return file
    }
}
