import Airlock

/// What plugins may use of the file system through one ``FileAccess``.
public struct FileLimits: Sendable, Hashable {
    /// Files and folders that one instance may hold open through ``WASI``. From 0 to 1024.
    public var openFiles: Int
    /// Files and folders that all instances together may hold open. 0 or more; keep it well below the process's own limit.
    public var openFilesInAll: Int
    /// The largest size in bytes that a plugin may give a file. 0 or more. It may read larger ones.
    public var bytesPerFile: Int
    /// Bytes that all instances together may write as long as the grant lives. What was overwritten or removed is not given back.
    /// 0 or more.
    public var writtenBytes: Int
    /// Files and folders that all instances together may create as long as the grant lives. 0 or more.
    public var createdEntries: Int
    /// The most entries of a folder that can be listed. From 0 to 1,000,000. A page of `list` costs as much as reading and sorting so many,
    /// off the worker loops, and ``WASI`` keeps so many names for an instance that reads a folder.
    public var entriesPerListing: Int

    /// Makes limits; each argument left out keeps its default.
    public init(
        openFiles: Int = 32,
        openFilesInAll: Int = 256,
        bytesPerFile: Int = 64 << 20,
        writtenBytes: Int = 1 << 30,
        createdEntries: Int = 10_000,
        entriesPerListing: Int = 10_000
    ) {
        self.openFiles = openFiles
        self.openFilesInAll = openFilesInAll
        self.bytesPerFile = bytesPerFile
        self.writtenBytes = writtenBytes
        self.createdEntries = createdEntries
        self.entriesPerListing = entriesPerListing
    }

    func check() throws(PluginError) {
        let ranges = [
            ("openFiles", openFiles, 0...1024), ("openFilesInAll", openFilesInAll, 0...Int.max),
            ("bytesPerFile", bytesPerFile, 0...Int.max), ("writtenBytes", writtenBytes, 0...Int.max),
            ("createdEntries", createdEntries, 0...Int.max), ("entriesPerListing", entriesPerListing, 0...1_000_000),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            throw PluginError(
                .configuration,
                message: "the file limit \(name) is \(value), expected \(range.lowerBound) to \(range.upperBound)"
            )
        }
    }

    /// The smaller of each limit.
    func narrowed(to other: FileLimits) -> FileLimits {
        FileLimits(
            openFiles: min(openFiles, other.openFiles),
            openFilesInAll: min(openFilesInAll, other.openFilesInAll),
            bytesPerFile: min(bytesPerFile, other.bytesPerFile),
            writtenBytes: min(writtenBytes, other.writtenBytes),
            createdEntries: min(createdEntries, other.createdEntries),
            entriesPerListing: min(entriesPerListing, other.entriesPerListing)
        )
    }
}
