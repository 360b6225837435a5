import Synchronization

/// An amount that all instances of a grant use up together. One that was narrowed from another takes from both.
final class FileBudget: Sendable {
    private let limit: Int
    private let parent: FileBudget?
    private let used = Mutex(0)

    init(_ limit: Int, within parent: FileBudget?) {
        self.limit = limit
        self.parent = parent
    }

    /// Takes all of the amount, or nothing.
    func take(_ amount: Int) throws(FileFailure) {
        let isTaken = used.withLock { used in
            guard amount <= limit - used else { return false }
            used += amount
            return true
        }
        guard isTaken else { throw .overBudget }
        do {
            try parent?.take(amount)
        } catch {
            used.withLock { $0 -= amount }
            throw error
        }
    }

    /// Gives back what was taken and not used.
    func giveBack(_ amount: Int) {
        used.withLock { $0 -= amount }
        parent?.giveBack(amount)
    }
}

/// What the instances of a grant used of its limits.
final class FileUsage: Sendable {
    let limits: FileLimits
    let openFiles: FileBudget
    private let written: FileBudget
    private let created: FileBudget
    /// Stands for the grant together with all that were narrowed from the same one.
    let origin: Origin

    final class Origin: Sendable {}

    init(_ limits: FileLimits, within parent: FileUsage? = nil) {
        self.limits = limits
        openFiles = FileBudget(limits.openFilesInAll, within: parent?.openFiles)
        written = FileBudget(limits.writtenBytes, within: parent?.written)
        created = FileBudget(limits.createdEntries, within: parent?.created)
        origin = parent?.origin ?? Origin()
    }

    /// Writes what the limits allow.
    /// - Parameter offset: where, or nil for the file's end.
    /// - Returns: how many bytes were written, and where they begin.
    func write(
        _ bytes: [UInt8], to file: FileDescriptor, at offset: UInt64?
    ) throws(FileFailure) -> (count: Int, start: UInt64) {
        guard let offset else {
            return try AppendLocks.shared.withLock(on: file) { () throws(FileFailure) in
                let end = try file.status.size
                return (try write(bytes, to: file, from: end), end)
            }
        }
        return (try write(bytes, to: file, from: offset), offset)
    }

    private func write(_ bytes: [UInt8], to file: FileDescriptor, from offset: UInt64) throws(FileFailure) -> Int {
        let most = UInt64(limits.bytesPerFile)
        guard offset <= most, UInt64(bytes.count) <= most - offset else { throw .fileTooLarge }
        try written.take(bytes.count)
        var count = 0
        defer { written.giveBack(bytes.count - count) }
        count = try file.write(bytes, at: offset)
        return count
    }

    /// Sets a file's size; what it grows by counts as written.
    func resize(_ file: FileDescriptor, to size: UInt64) throws(FileFailure) {
        guard size <= UInt64(limits.bytesPerFile) else { throw .fileTooLarge }
        let growth = Int(size) - Int(min(try file.status.size, size))
        try written.take(growth)
        do {
            try file.setSize(size)
        } catch {
            written.giveBack(growth)
            throw error
        }
    }

    /// Makes something with a name of its own.
    func create<Value>(_ body: () throws(FileFailure) -> Value) throws(FileFailure) -> Value {
        try created.take(1)
        do {
            return try body()
        } catch {
            created.giveBack(1)
            throw error
        }
    }
}
