import Synchronization

/// A lock for each file that something is appended to just now, so that no two appends get the same place in it, whatever grants they
/// belong to. Who waits for one keeps a thread waiting, so that there are no more of them than ``DiskThreads``.
final class AppendLocks: Sendable {
    /// Those of this process.
    static let shared = AppendLocks()

    private struct File: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    private final class Lock: Sendable {
        let mutex = Mutex(())
    }

    /// Each lock that is held or waited for, and how many do.
    private let locks = Mutex<[File: (lock: Lock, users: Int)]>([:])

    /// How many files are locked.
    var count: Int { locks.withLock(\.count) }
    /// How many appends hold a lock or wait for one.
    var users: Int { locks.withLock { $0.values.reduce(0) { $0 + $1.users } } }

    func withLock<Value: Sendable>(
        on descriptor: FileDescriptor, _ body: () throws(FileFailure) -> Value
    ) throws(FileFailure) -> Value {
        let status = try descriptor.status
        let file = File(device: status.device, inode: status.inode)
        let lock = locks.withLock { locks in
            locks[file, default: (Lock(), 0)].users += 1
            return locks[file]?.lock ?? Lock()
        }
        defer {
            locks.withLock { locks in
                locks[file]?.users -= 1
                if locks[file]?.users == 0 { locks[file] = nil }
            }
        }
        return try lock.mutex.withLock { (_) throws(FileFailure) in try body() }
    }
}
