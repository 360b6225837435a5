import AirlockTesting
import Logging
import Testing

@Suite("A recorded log", .timeLimit(.minutes(1)))
struct RecordedLogTests {
    let log = RecordedLog()

    @Test func `messages have their level, text, metadata and source`() {
        var logger = log.logger()
        logger[metadataKey: "plugin"] = "counter"
        logger.warning("text", metadata: ["by": "call"], source: "here")
        let lines = log.lines
        #expect(lines.map(\.level) == [.warning])
        #expect(lines.map(\.message) == ["text"])
        #expect(lines.map(\.metadata) == [["plugin": "counter", "by": "call"]])
        #expect(lines.map(\.source) == ["here"])
    }

    @Test func `messages below the level of the logger are not there`() {
        let logger = log.logger(level: .notice)
        logger.info("below")
        logger.notice("at")
        #expect(log.lines.map(\.message) == ["at"])
    }

    @Test func `messages that are there are found in their order, and no more than were asked for`() async {
        let logger = log.logger()
        for text in ["1", "none", "2", "3"] { logger.info("\(text)") }
        #expect(await log.lines(2, where: { $0.message != "none" }).map(\.message) == ["1", "2"])
        #expect(await log.first(where: { $0.message != "1" }).message == "none")
    }

    @Test(arguments: [0, -1, Int.min]) func `no messages are there at once`(count: Int) async {
        log.logger().info("text")
        #expect(await log.lines(count, where: { _ in true }) == [])
    }

    @Test func `messages that are missing are waited for`() async {
        let logger = log.logger()
        logger.info("1")
        let wait = Wait(for: 3, in: log) { $0.level == .info }
        await wait.begun()
        logger.error("none")
        for text in ["2", "3", "4"] { logger.info("\(text)") }
        #expect(await wait.messages == ["1", "2", "3"])
    }

    @Test func `each wait ends with the last of its own messages`() async {
        let logger = log.logger()
        logger.info("a")
        let waits = [
            Wait(for: 2, in: log) { $0.message == "a" }, Wait(for: 4, in: log) { _ in true },
            Wait(for: 1, in: log) { $0.message == "c" },
        ]
        for wait in waits { await wait.begun() }
        logger.info("b")
        logger.info("a")
        #expect(await waits[0].messages == ["a", "a"])
        logger.info("c")
        #expect(await waits[1].messages == ["a", "b", "a", "c"])
        #expect(await waits[2].messages == ["c"])
    }
}

/// A task that waits for messages of a log that has some already.
private struct Wait {
    private let task: Task<[String], Never>
    private let asked: AsyncStream<Void>

    init(for count: Int, in log: RecordedLog, where matches: @escaping @Sendable (RecordedLog.Line) -> Bool) {
        let (asked, asking) = AsyncStream.makeStream(of: Void.self)
        self.asked = asked
        task = Task {
            await log.lines(count) { line in
                asking.yield()
                return matches(line)
            }.map(\.message)
        }
    }

    /// Returns once the log has been asked. It lets nobody write until it has decided to wait.
    func begun() async {
        var asked = asked.makeAsyncIterator()
        await asked.next()
    }

    var messages: [String] {
        get async { await task.value }
    }
}
