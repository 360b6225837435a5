#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

// `unsafe` in this file: the system reads and writes the given number of bytes, during its calls only.

/// An open file or folder of the operating system, closed with its last reference. POSIX, because no library of ours has calls at offsets.
///
/// The methods wait for the disk: they belong on ``DiskThreads``.
final class FileDescriptor: Sendable {
    let number: CInt

    /// Takes over what a system call returned.
    /// - Throws: the failure of that call, where it returned none.
    init(adopting number: CInt) throws(FileFailure) {
        guard number >= 0 else { throw .last }
        self.number = number
    }

    deinit {
        close(number)
    }

    var status: FileStatus {
        get throws(FileFailure) {
            var status = stat()
            try check(unsafe fstat(number, &status))
            return FileStatus(status)
        }
    }

    /// Bytes from `offset` on: `count` of them unless the file ends before.
    func read(_ count: Int, at offset: UInt64) throws(FileFailure) -> [UInt8] {
        let start = try position(offset)
        // The file's own size bounds the allocation, not the number that the guest claims.
        let available = try status.size
        guard offset < available, count > 0 else { return [] }
        let wanted = Int(min(UInt64(count), available - offset))
        var failure: FileFailure?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
            filled = 0
            while filled < wanted {
                let got = unsafe pread(
                    number, buffer.baseAddress.map { unsafe $0 + filled }, wanted - filled, start + off_t(filled))
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = .last }
                guard got > 0 else { return }
                filled += got
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Writes bytes from `offset` on.
    /// - Returns: How many were written; fewer than there are where the disk is full after some.
    func write(_ bytes: [UInt8], at offset: UInt64) throws(FileFailure) -> Int {
        let start = try position(offset)
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwrite(
                    number, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written,
                    start + off_t(written))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                if written == 0 { throw count == 0 ? .noSpace : .last }
                break
            }
            written += count
        }
        return written
    }

    func setSize(_ size: UInt64) throws(FileFailure) {
        try check(ftruncate(number, try position(size)))
    }

    func setTimes(accessed: FileTime, modified: FileTime) throws(FileFailure) {
        let times = [accessed.timespec, modified.timespec]
        try check(unsafe futimens(number, times))
    }

    /// Has the system write out what it holds back.
    func synchronize() throws(FileFailure) {
        try check(fsync(number))
    }

    private func position(_ offset: UInt64) throws(FileFailure) -> off_t {
        guard let position = off_t(exactly: offset) else { throw .fileTooLarge }
        return position
    }

    private func check(_ result: CInt) throws(FileFailure) {
        guard result == 0 else { throw .last }
    }
}
