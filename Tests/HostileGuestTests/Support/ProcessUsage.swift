import Foundation

/// What this process has taken from the system.
struct ProcessUsage {
    /// Entries of `/proc/self/fd`.
    var openFiles: Int
    /// Threads that run.
    var threads: Int
    /// 1 where this process has a child, running or not reaped yet.
    var children: Int
    /// Bytes that were allocated and not freed, in Swift and in the engine.
    var heapBytes: Int
    /// Pages that are in memory, in bytes.
    var residentBytes: Int
    /// Address space, in bytes.
    var mappedBytes: Int

    /// Call it once before the first number that counts: what it needs itself is in memory from then on.
    static var now: ProcessUsage {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .ascii))?.split(separator: " ") ?? []
        return ProcessUsage(
            openFiles: entries("/proc/self/fd"),
            threads: entries("/proc/self/task"),
            children: hasChildren ? 1 : 0,
            heapBytes: Heap.bytesInUse,
            residentBytes: pages.count > 1 ? (Int(pages[1]) ?? 0) * pageSize : 0,
            mappedBytes: pages.count > 1 ? (Int(pages[0]) ?? 0) * pageSize : 0
        )
    }

    /// Whether this process has a child, running or not reaped yet. None is reaped by asking.
    static var hasChildren: Bool {
        // Safe: the call writes this one value.
        var information = unsafe siginfo_t()
        return unsafe waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == 0
    }

    private static let pageSize = sysconf(Int32(_SC_PAGESIZE))

    private static func entries(_ folder: String) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: folder).count) ?? 0
    }

    /// What grew by more than noise, as text; empty where nothing did.
    ///
    /// - Open files and child processes may not grow at all. What libraries open once, when it is first needed, is there in the next series.
    /// - Threads may grow by four: the runtime's own come and go.
    /// - The heap may grow by a quarter of a KiB for each repetition: the counts are exact but for what threads keep in caches of their own, so
    ///   that 1,000 repetitions that leak 1 KiB each are four times over the bound. The floor is for series of less than 96 repetitions.
    /// - What is not in the heap is mapped in whole pages: a leak is 4 KiB for each repetition or more, and the bound is half of that. The
    ///   floor is for the fragments that the heap keeps.
    /// - Address space may grow by 2 GiB: less than one leaked linear memory (4 GiB), more than the heap's arenas of some new threads.
    func growth(since before: ProcessUsage, over repetitions: Int) -> [String] {
        func grown(_ name: String, _ count: KeyPath<ProcessUsage, Int>, atMost: Int) -> String? {
            let growth = self[keyPath: count] - before[keyPath: count]
            return growth > atMost ? "the \(name) grew by \(growth) (\(atMost) allowed)" : nil
        }
        return [
            grown("number of open files", \.openFiles, atMost: 0),
            grown("number of child processes", \.children, atMost: 0),
            grown("number of threads", \.threads, atMost: 4),
            grown("heap", \.heapBytes, atMost: max(Self.heapFloor, repetitions * 256)),
            grown("resident memory", \.residentBytes, atMost: max(Self.residentFloor, repetitions * 2_048)),
            grown("address space", \.mappedBytes, atMost: 2 << 30),
        ].compactMap(\.self)
    }

    private static let heapFloor = 24 << 10
    private static let residentFloor = 512 << 10
}

/// glibc's account of its heap. Swift's module of glibc has no `malloc.h`, so that the function is looked up by name.
private enum Heap {
    private typealias MallocInfo = @convention(c) (Int32, UnsafeMutablePointer<FILE>) -> Int32

    // Safe: glibc declares `int malloc_info(int, FILE *)`.
    private static let mallocInfo = unsafe unsafeBitCast(dlsym(nil, "malloc_info"), to: MallocInfo?.self)

    /// Bytes of all arenas that are in use, and bytes that large allocations mapped.
    static var bytesInUse: Int {
        var text: UnsafeMutablePointer<CChar>?
        var count = 0
        // Safe: the stream is closed before its text is read, and the text is freed once.
        guard let mallocInfo = unsafe mallocInfo, let stream = unsafe open_memstream(&text, &count) else { return 0 }
        _ = unsafe mallocInfo(0, stream)
        unsafe fclose(stream)
        defer { unsafe free(text) }
        guard let text = unsafe text else { return 0 }
        // The totals of all arenas are the last elements of their names.
        let lines = unsafe String(cString: text).split(separator: "\n").reversed()
        func size(_ element: String) -> Int {
            guard let line = lines.first(where: { $0.hasPrefix(element) }), let mark = line.range(of: " size=\"")
            else { return 0 }
            return Int(line[mark.upperBound...].prefix(while: \.isNumber)) ?? 0
        }
        return size("<system type=\"current\"") - size("<total type=\"fast\"") - size("<total type=\"rest\"")
            + size("<total type=\"mmap\"")
    }
}
