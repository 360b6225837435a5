import Airlock
import AirlockTesting
import Dispatch
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import AirlockCapabilities

@Suite("Appending to files", .timeLimit(.minutes(2)))
struct AppendTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func files() throws -> FileAccess {
        try FileAccess([PreopenedFolder(folder.path, as: "/data", access: .readWrite)])
    }

    private func open(_ name: String) throws -> FileDescriptor {
        try Folder(host: folder.path).file(named: name, writing: true)
    }

    @Test func `an append that takes long holds up no append to another file`() async throws {
        try folder.write("", to: "slow")
        let slow = try open("slow")
        let files = try files()
        let (begun, end) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let job = DiskThreads.Job {
            try? AppendLocks.shared.withLock(on: slow) { () throws(FileFailure) in
                begun.signal()
                end.wait()
            }
        } refuse: {
            Issue.record("refused: \($0)")
        }
        DiskThreads.shared.submit(job, at: DiskThreads.shared.place(for: files.usage))
        begun.wait()
        defer { end.signal() }
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files)
            #expect(try await guest.call("append", "/data/other", "text") == 4)
            #expect(try folder.read("other") == "text")
        }
    }

    @Test func `a lock is for the file, whatever name and descriptor it has, and is freed after its last use`() throws {
        try folder.write("", to: "one")
        try folder.write("", to: "two")
        let locks = AppendLocks()
        let (one, again, two) = (try open("one"), try open("one"), try open("two"))
        let counts = try locks.withLock(on: one) { () throws(FileFailure) in
            try locks.withLock(on: two) { () throws(FileFailure) in locks.count }
        }
        #expect(counts == 2)
        #expect(locks.count == 0)

        let (steps, done, threads) = (Steps(), DispatchSemaphore(value: 0), DiskThreads(count: 1, perGrant: 1))
        try locks.withLock(on: one) { () throws(FileFailure) in
            let job = DiskThreads.Job {
                try? locks.withLock(on: again) { () throws(FileFailure) in steps.add(2) }
                done.signal()
            } refuse: {
                Issue.record("refused: \($0)")
            }
            threads.submit(job, at: threads.place(for: FileUsage(FileLimits())))
            // Once the other one waits as well, or at the least has looked for the lock.
            while locks.users < 2 { sched_yield() }
            steps.add(1)
        }
        done.wait()
        #expect(steps.all == [1, 2])
        #expect(locks.count == 0)
        #expect(throws: FileFailure.noSpace) {
            try locks.withLock(on: one) { () throws(FileFailure) in throw .noSpace }
        }
        #expect(locks.count == 0)
    }

    @Test func `guests of different grants append to one file, and nothing is lost`() async throws {
        try await withPluginHost { host in
            var guests: [FileGuest] = []
            for _ in 0..<4 { guests.append(try await FileGuest(host, files())) }
            try await withThrowingTaskGroup { group in
                for (index, guest) in guests.enumerated() {
                    group.addTask {
                        for _ in 0..<25 {
                            let count = try await guest.call("append", "/data/log", "\(index)")
                            #expect(count == 1)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let written = try folder.read("log").sorted()
            #expect(String(written) == "0123".map { String(repeating: $0, count: 25) }.joined())
        }
    }
}

private final class Steps: Sendable {
    private let steps = Mutex<[Int]>([])

    var all: [Int] { steps.withLock(\.self) }
    func add(_ step: Int) { steps.withLock { $0.append(step) } }
}
