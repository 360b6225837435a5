import Airlock
import AirlockTesting
import Dispatch
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import AirlockCapabilities

@Suite("Disk threads", .timeLimit(.minutes(2)))
struct DiskThreadsTests {
    private let usage = FileUsage(FileLimits())

    @Test func `an operation gives its value or its failure`() async throws {
        let threads = DiskThreads(count: 1, perGrant: 1)
        #expect(try await threads.run(for: usage) { 7 } == 7)
        await #expect(throws: FileFailure.notFound) {
            try await threads.run(for: usage) { () throws(FileFailure) -> Int in throw .notFound }
        }
    }

    #if os(Linux)
    @Test func `operations run on threads of their own, so that Swift's tasks go on while they wait`() async throws {
        let name = try await DiskThreads(count: 1, perGrant: 1).run(for: usage) {
            try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
        }
        #expect(name == "airlock-disk\n")
    }
    #endif

    @Test func `an operation that waits ends at once when its task is cancelled, though no thread is free`() async {
        let threads = DiskThreads(count: 1, perGrant: 1)
        let held = HeldThreads(threads, usage, 1)
        defer { held.release() }
        let waiting = Task { try await threads.run(for: usage) { 1 } }
        waiting.cancel()
        await #expect(throws: FileFailure.cancelled) { try await waiting.value }

        let refused = Mutex<FileFailure?>(nil)
        let place = threads.place(for: usage)
        threads.submit(DiskThreads.Job(run: {}, refuse: { failure in refused.withLock { $0 = failure } }), at: place)
        #expect(refused.withLock(\.self) == nil)
        threads.cancel(place)
        #expect(refused.withLock(\.self) == .cancelled)
    }

    @Test func `a grant that fills its threads leaves others to the rest`() async throws {
        let threads = DiskThreads(count: 2, perGrant: 1)
        let held = HeldThreads(threads, usage, 1)
        defer { held.release() }
        held.fill(10)
        #expect(try await threads.run(for: FileUsage(FileLimits())) { 5 } == 5)
    }

    @Test func `grants that were narrowed from one share its threads and its places`() async throws {
        let threads = DiskThreads(count: 4, perGrant: 1, waitingPerGrant: 1)
        let held = HeldThreads(threads, usage, 1)
        defer { held.release() }
        held.fill(1)
        let narrowed = FileUsage(FileLimits(), within: FileUsage(FileLimits(), within: usage))
        await #expect(throws: FileFailure.overloaded) { try await threads.run(for: narrowed) { 1 } }
    }

    @Test func `what waits runs when a thread is free again`() async throws {
        let threads = DiskThreads(count: 2, perGrant: 2, waitingPerGrant: 3)
        let held = HeldThreads(threads, usage, 2)
        held.fill(3)
        await #expect(throws: FileFailure.overloaded) { try await threads.run(for: usage) { 1 } }
        held.release()
        #expect(await held.count(of: 3) == 3)
        #expect(try await threads.run(for: usage) { 1 } == 1)
    }

    @Test func `a guest hears that too many operations of its grant wait for the disk, and is served afterwards`()
        async throws
    {
        let folder = try TemporaryFolder()
        try folder.write("text", to: "file")
        let files = try FileAccess([PreopenedFolder(folder.path, as: "/data", access: .readWrite)])
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files)
            let wasi = try await WASIGuest(host, WASI(files: files))
            let held = HeldThreads(.shared, files.usage, 2)
            held.fill(256)
            #expect(try await guest.call("read", "/data/file") == FileResultCode.overloaded.rawValue)
            #expect(try await wasi.open("file").errno == Errno.again)
            held.release()
            #expect(await held.count(of: 256) == 256)
            #expect(try await guest.read("/data/file") == "text")
            #expect(try await wasi.open("file").errno == 0)
        }
    }
}

/// Threads on which a grant's operations wait for the test instead of the disk.
private final class HeldThreads: Sendable {
    private let threads: DiskThreads
    private let usage: FileUsage
    private let count: Int
    private let gate = DispatchSemaphore(value: 0)
    private let ran: AsyncStream<Void>
    private let runs: AsyncStream<Void>.Continuation

    init(_ threads: DiskThreads, _ usage: FileUsage, _ count: Int) {
        (self.threads, self.usage, self.count) = (threads, usage, count)
        (ran, runs) = AsyncStream.makeStream()
        let begun = DispatchSemaphore(value: 0)
        for _ in 0..<count {
            submit { [gate] in
                begun.signal()
                gate.wait()
            }
        }
        for _ in 0..<count { begun.wait() }
    }

    /// Has so many operations wait.
    func fill(_ count: Int) {
        for _ in 0..<count { submit { [runs] in runs.yield() } }
    }

    func release() {
        for _ in 0..<count { gate.signal() }
    }

    /// Waits until so many of the operations ran.
    func count(of wanted: Int) async -> Int {
        var count = 0
        for await _ in ran.prefix(wanted) { count += 1 }
        return count
    }

    private func submit(_ run: @escaping @Sendable () -> Void) {
        threads.submit(
            DiskThreads.Job(run: run, refuse: { Issue.record("refused: \($0)") }), at: threads.place(for: usage))
    }
}
