import Testing

@testable import AirlockCapabilities

@Suite("Disk schedule")
struct DiskScheduleTests {
    @Test func `grants take turns, however many jobs one of them has`() {
        let jobs = Jobs(running: 2, waiting: 10)
        for number in 1...4 { #expect(jobs.add(.first, number)) }
        for number in 1...2 { #expect(jobs.add(.second, number)) }
        #expect(jobs.runAll() == ["first 1", "second 1", "first 2", "second 2", "first 3", "first 4"])
    }

    @Test func `a grant has no more jobs running than it may`() {
        let jobs = Jobs(running: 2, waiting: 10)
        for number in 1...3 { #expect(jobs.add(.first, number)) }
        #expect(jobs.next() == "first 1")
        #expect(jobs.next() == "first 2")
        #expect(jobs.next() == nil)
        #expect(!jobs.schedule.hasNext)
        #expect(jobs.add(.second, 1))
        #expect(jobs.next() == "second 1")
        jobs.end(.first)
        #expect(jobs.next() == "first 3")
    }

    @Test(arguments: 1...3)
    func `a job that is taken back is not run, and those around it keep their order`(removed: Int) {
        let jobs = Jobs(running: 1, waiting: 3)
        for number in 1...3 { #expect(jobs.add(.first, number)) }
        #expect(jobs.remove(.first, removed) == "first \(removed)")
        #expect(jobs.remove(.first, removed) == nil)
        #expect(jobs.add(.first, 4))
        #expect(jobs.runAll() == (1...4).filter { $0 != removed }.map { "first \($0)" })
    }

    @Test func `a grant whose jobs were all taken back has no turn`() {
        let jobs = Jobs(running: 1, waiting: 3)
        #expect(jobs.add(.first, 1))
        #expect(jobs.add(.second, 1))
        #expect(jobs.remove(.first, 1) == "first 1")
        #expect(jobs.next() == "second 1")
        #expect(!jobs.schedule.hasNext)
    }

    @Test func `only so many jobs of a grant wait, and others are not concerned`() {
        let jobs = Jobs(running: 1, waiting: 2)
        #expect(jobs.add(.first, 1))
        #expect(jobs.add(.first, 2))
        #expect(!jobs.add(.first, 3))
        #expect(jobs.add(.second, 1))
        #expect(jobs.next() == "first 1")
        #expect(jobs.add(.first, 3))
    }
}

/// Jobs that are texts, of two grants.
private final class Jobs {
    enum Grant: String, CaseIterable {
        case first, second
    }

    private final class Identity {}

    private let identities = [Grant.first: Identity(), .second: Identity()]
    private(set) var schedule: DiskSchedule<String>

    init(running: Int, waiting: Int) {
        schedule = DiskSchedule(runningPerGrant: running, waitingPerGrant: waiting)
    }

    func add(_ grant: Grant, _ number: Int) -> Bool { schedule.add("\(grant) \(number)", at: place(grant, number)) }
    func remove(_ grant: Grant, _ number: Int) -> String? { schedule.remove(place(grant, number)) }
    func next() -> String? { schedule.next()?.job }
    func end(_ grant: Grant) { schedule.end(of: place(grant, 0).grant) }

    /// Runs one job after the other.
    func runAll() -> [String] {
        var order: [String] = []
        while let (job, grant) = schedule.next() {
            order.append(job)
            schedule.end(of: grant)
        }
        return order
    }

    private func place(_ grant: Grant, _ number: Int) -> DiskSchedule<String>.Place {
        DiskSchedule.Place(grant: ObjectIdentifier(identities[grant] ?? Identity()), number: UInt64(number))
    }
}
