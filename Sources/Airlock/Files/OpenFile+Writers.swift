#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension OpenFile {
    /// Whether somebody has the file open for writing, in any process, so that what is in it may not be all of it.
    ///
    /// Linux grants a read lease on a file only where nobody has it open for writing (fcntl(2), "Leases"), and takes only that of the
    /// file's owner, or of who may lease any file. It is given back at once.
    ///
    /// - Returns: nil where the system does not tell: elsewhere than on Linux, with the file of another user, and on a file system without leases.
    var isOpenForWriting: Bool? {
        #if os(Linux)
        // Who opens the file for writing in between waits for a moment, and this process is told so by a signal: one that does nothing in place
        // of one that ends it.
        guard fcntl(descriptor, Self.setSignal, SIGURG) == 0 else { return nil }
        guard fcntl(descriptor, Self.setLease, F_RDLCK) != 0 else {
            _ = fcntl(descriptor, Self.setLease, F_UNLCK)
            return false
        }
        return errno == EAGAIN ? true : nil
        #else
        return nil
        #endif
    }

    /// Waits for those who have the file open for writing, as long as for a forked process.
    /// - Returns: `false` where somebody has it open all the time.
    func isLeftByWriters() -> Bool {
        for _ in 0..<Self.looksAtForked {
            guard isOpenForWriting == true else { return true }
            usleep(Self.pauseBetweenLooks)
        }
        return false
    }

    #if os(Linux)
    // Of linux/fcntl.h and asm-generic/fcntl.h. The C library shows them to programs in C only.
    private static let setLease: CInt = 1024
    private static let setSignal: CInt = 10
    #endif
}
