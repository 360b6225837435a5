import Logging
import ServiceLifecycle
import Testing
import WorkerLoop

@Suite(.timeLimit(.minutes(2)))
struct GroupTests {
    @Test func `a group starts as many loops as it was asked for, each with a name of its own`() async throws {
        let group = try WorkerLoopGroup(count: 3, name: "edge")
        #expect(group.loops.map(\.name) == ["edge-0", "edge-1", "edge-2"])
        await group.shutdown()
    }

    @Test func `the least loaded loop is chosen`() async throws {
        let group = try WorkerLoopGroup(count: 3)
        group.loops[0].beginWork()
        group.loops[0].beginWork()
        group.loops[1].beginWork()
        #expect(group.leastLoaded() === group.loops[2])
        group.loops[2].beginWork()
        group.loops[2].beginWork()
        #expect(group.leastLoaded() === group.loops[1])
        await group.shutdown()
    }

    @Test func `loops with the same load take turns`() async throws {
        let group = try WorkerLoopGroup(count: 4)
        let chosen = (0..<8).map { _ in ObjectIdentifier(group.leastLoaded()) }
        #expect(Set(chosen).count == 4)
        await group.shutdown()
    }

    @Test func `a key always gets the same loop, and keys spread over the loops`() async throws {
        let group = try WorkerLoopGroup(count: 4)
        for key in 0..<100 {
            #expect(group.loop(for: "key \(key)") === group.loop(for: "key \(key)"))
        }
        #expect(Set((0..<1000).map { ObjectIdentifier(group.loop(for: $0)) }).count == 4)
        await group.shutdown()
    }

    @Test func `a service group's graceful shutdown ends the loops`() async throws {
        let group = try WorkerLoopGroup(count: 2)
        let services = ServiceGroup(services: [group], logger: Logger(label: "test"))
        let running = Task { try await services.run() }
        #expect(await group.loops[1].result { 1 } == 1)

        await services.triggerGracefulShutdown()
        try await running.value
        #expect(group.loops.allSatisfy { !$0.submit {} })
    }

    @Test func `cancellation ends the loops`() async throws {
        let group = try WorkerLoopGroup(count: 2)
        let running = Task { try await group.run() }
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
        #expect(group.loops.allSatisfy { !$0.submit {} })
    }
}
