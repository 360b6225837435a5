import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Reads files with secrets.
///
/// Foundation tells the permissions of a path, which may be another file's by the time it is read; `fstat` tells those of the file that is.
enum OwnerOnlyFile {
    /// - Throws: where it is not a regular file of this user or of root, or others may read or write it, or it is larger.
    static func read(_ path: String, atMost: Int) throws(AdminTokenError) -> Data {
        // A pipe must not hold up the start.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw AdminTokenError("expected a file that can be read: \(unsafe String(cString: strerror(errno)))")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard unsafe fstat(handle.fileDescriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw AdminTokenError("expected a regular file, found something else")
        }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw AdminTokenError("expected a file of this user or of root, found one of user \(status.st_uid)")
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw AdminTokenError("expected a file for its owner only (chmod 600), found the permissions \(mode)")
        }
        guard let data = try? handle.read(upToCount: atMost + 1), data.count <= atMost else {
            throw AdminTokenError("expected at most \(atMost) bytes, found more, or a file that cannot be read")
        }
        return data
    }
}
