@testable import Airlock
import Testing

/// The time is given, so that minutes pass at once.
@Suite("Crash guard")
struct CrashGuardTests {
    private let second: UInt64 = 1_000_000_000

    @Test("Each pause is twice as long as the last one, up to the longest")
    func doubling() {
        let guardian = CrashGuard(
            CrashLoopPolicy(
                failures: 1, window: .seconds(10), firstPause: .seconds(1), longestPause: .seconds(5),
                quarantineAfter: 10))
        var now = 1_000 * second
        for pause: UInt64 in [1, 2, 4, 5, 5] {
            #expect(guardian.note(now: now) == .paused(for: .seconds(pause)))
            now += pause * second
        }
    }

    @Test("A pause ends to the nanosecond, and says before how long it still is")
    func end() throws {
        let guardian = CrashGuard(
            CrashLoopPolicy(failures: 1, window: .seconds(10), firstPause: .seconds(3), longestPause: .seconds(5)))
        let begun = 1_000 * second
        try guardian.check(plugin: "p", version: 4, now: begun)
        #expect(guardian.note(now: begun) == .paused(for: .seconds(3)))
        for (passed, left) in [(0, Duration.seconds(3)), (3 * second - 1, .nanoseconds(1))] {
            let error = #expect(throws: PluginError.self) {
                try guardian.check(plugin: "p", version: 4, now: begun + passed)
            }
            #expect(error?.code == .quarantined && error?.version == 4)
            #expect(error?.retryAfter == left)
        }
        // Calls that were running fail while it is paused: they are of the same crash loop.
        #expect(guardian.note(now: begun + 2 * second) == .goesOn)
        try guardian.check(plugin: "p", version: 4, now: begun + 3 * second)
    }

    @Test("Only failures within the window count, and the window moves")
    func window() {
        let guardian = CrashGuard(
            CrashLoopPolicy(failures: 3, window: .seconds(10), firstPause: .seconds(1), longestPause: .seconds(1)))
        let begun = 1_000 * second
        #expect(guardian.note(now: begun) == .goesOn)
        #expect(guardian.note(now: begun + 5 * second) == .goesOn)
        // The first one is a nanosecond too old.
        #expect(guardian.note(now: begun + 10 * second + 1) == .goesOn)
        // The second one is as old as it may be.
        #expect(guardian.note(now: begun + 15 * second) == .paused(for: .seconds(1)))
        // A pause begins with nothing.
        #expect(guardian.note(now: begun + 16 * second) == .goesOn)
    }

    @Test("A window without a crash loop after a pause ends the row, and pauses begin again with the first")
    func reset() {
        let guardian = CrashGuard(
            CrashLoopPolicy(
                failures: 1, window: .seconds(10), firstPause: .seconds(1), longestPause: .seconds(60),
                quarantineAfter: 3))
        var now = 1_000 * second
        for _ in 0..<5 {
            #expect(guardian.note(now: now) == .paused(for: .seconds(1)))
            now += 1 * second
            // Within the window of the pause's end.
            now += 10 * second
            #expect(guardian.note(now: now) == .paused(for: .seconds(2)))
            now += 2 * second
            // A nanosecond past it.
            now += 10 * second + 1
        }
        #expect(!guardian.isQuarantined)
    }

    @Test("Crash loops in a row end in quarantine, and readmission forgets them")
    func quarantine() throws {
        let guardian = CrashGuard(
            CrashLoopPolicy(
                failures: 1, window: .seconds(10), firstPause: .seconds(1), longestPause: .seconds(60),
                quarantineAfter: 3))
        let begun = 1_000 * second
        #expect(guardian.note(now: begun) == .paused(for: .seconds(1)))
        #expect(guardian.note(now: begun + second) == .paused(for: .seconds(2)))
        #expect(guardian.note(now: begun + 3 * second) == .quarantined)
        let error = #expect(throws: PluginError.self) {
            try guardian.check(plugin: "p", version: 1, now: .max)
        }
        #expect(error?.code == .quarantined && error?.retryAfter == nil)
        guardian.readmit()
        try guardian.check(plugin: "p", version: 1, now: begun + 3 * second)
        #expect(guardian.note(now: begun + 3 * second) == .paused(for: .seconds(1)))
    }
}
