import Airlock
import Foundation
import TestSupport
import Testing

@Suite("Store of releases of a process that is killed")
struct KilledHostTests {
    @Test(
        "After kill -9 in the middle of saves, the last record that was saved, or a later one, is there with its modules"
    )
    func killed() async throws {
        try await withTemporaryFolder { folder in
            for round in 1...5 {
                let before = try number(in: folder)
                let saves = round * 7
                await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String, saves = saves as Int] in
                    let reached = DispatchSemaphore(value: 0)
                    // The saves go on until the system stops them, wherever that is.
                    Thread {
                        reached.wait()
                        kill(getpid(), SIGKILL)
                    }.start()
                    try saveForever(in: folder) { if $0 == saves { reached.signal() } }
                }
                let after = try number(in: folder)
                #expect(after >= before + saves)
                #expect(try !files(in: folder).contains { $0.hasPrefix(".") })
            }
        }
    }

    /// The number that the promoted module holds, with all that the record names checked; 0 where there is none.
    private func number(in folder: String) throws -> Int {
        let store = try ReleaseStore(folder: folder)
        let record = try store.record(of: "cart")
        for digest in record.kept { #expect(try store.bytes(of: digest, atMost: 100) != nil) }
        guard let promoted = record.promoted else { return 0 }
        let bytes = try #require(try store.bytes(of: promoted, atMost: 100))
        return try #require(Int(String(decoding: bytes, as: UTF8.self)))
    }
}

/// Promotes one module after another; each holds its number. `saved` gets the count of saves so far.
private func saveForever(in folder: String, saved: (Int) -> Void) throws {
    let store = try ReleaseStore(folder: folder)
    var record = try store.record(of: "cart")
    var number = 0
    if let promoted = record.promoted, let bytes = try store.bytes(of: promoted, atMost: 100) {
        number = Int(String(decoding: bytes, as: UTF8.self)) ?? 0
    }
    for count in 1...1_000_000 {
        let next = try module("\(number + count)")
        record.promote(next.digest)
        let latest = record.kept.prefix(3)
        record.letGo { !latest.contains($0) }
        try store.save(record, of: "cart", keeping: [next])
        saved(count)
        if count.isMultiple(of: 5) { try store.prune() }
    }
}
