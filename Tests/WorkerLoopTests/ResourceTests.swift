import Foundation
import Testing
import WorkerLoop

/// What a loop takes from the system and gives back. In processes of their own, where nothing else opens files.
@Suite(.timeLimit(.minutes(2)))
struct ResourceTests {
    #if os(Linux)
    @Test func `200 loops leave no file descriptor and no thread behind`() async {
        await #expect(processExitsWith: .success) { () async throws in
            func open(_ folder: String) throws -> Int {
                try FileManager.default.contentsOfDirectory(atPath: "/proc/self/\(folder)").count
            }
            // The first loop opens what libuv and the runtime keep.
            func cycle() async throws {
                let loop = try WorkerLoop(name: "cycle")
                let timer = try loop.schedule(after: .seconds(1)) {}
                let watch = try loop.watch("/proc/self/missing") {}
                #expect(await LoopActor(loop: loop).isOnLoop())
                await loop.shutdown()
                withExtendedLifetime((timer, watch)) {}
            }
            try await cycle()
            let descriptors = try open("fd")
            let threads = try open("task")
            for _ in 0..<200 {
                try await cycle()
            }
            #expect(try open("fd") == descriptors)
            // The global pool may have grown to its size meanwhile.
            #expect(try open("task") <= threads + ProcessInfo.processInfo.activeProcessorCount)
        }
    }

    @Test func `the thread bears the end of the loop's name`() async throws {
        let loop = try WorkerLoop(name: "a long name of a group-7")
        let name = await loop.result {
            try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
        }
        #expect(name == "me of a group-7\n")
        await loop.shutdown()
    }

    @Test func `the thread has a stack of at least 4 MiB`() async throws {
        let loop = try WorkerLoop(name: "deep")
        #expect(await loop.result { deepSum(of: 3 << 20) } == 3 << 20)
        await loop.shutdown()
    }
    #endif

    @Test func `without file descriptors a loop is an error that names the call`() async {
        await #expect(processExitsWith: .success) { () async throws in
            limitDescriptors(to: 32)
            var loops: [WorkerLoop] = []
            do throws(WorkerLoopError) {
                while loops.count < 32 {
                    loops.append(try WorkerLoop(name: "loop-\(loops.count)"))
                }
                Issue.record("32 loops fit into 32 descriptors")
            } catch {
                #expect(error.code == .systemResource)
                #expect(error.loop == "loop-\(loops.count)")
                #expect(error.description.contains("too many open files (EMFILE)"))
            }
            let remaining = loops.count
            for loop in loops {
                await loop.shutdown()
            }
            // What the failed ones had opened was closed again: as many loops fit as before.
            loops = try (0..<remaining).map { _ throws(WorkerLoopError) in try WorkerLoop(name: "again") }
            for loop in loops {
                await loop.shutdown()
            }
        }
    }
}

/// Uses about as many bytes of stack as it is asked for.
private func deepSum(of bytes: Int) -> Int {
    guard bytes > 0 else {
        return 0
    }
    // Safe: the bytes are written within their room, which nobody uses later.
    return unsafe withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 16) { buffer in
        unsafe buffer.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: bytes))
        return deepSum(of: bytes - 1024) + buffer.count
    }
}
