import Foundation
import TestSupport
import Testing
import WorkerLoop

@Suite(.timeLimit(.minutes(2)))
struct FileWatchTests {
    @Test func `writing into the file`() async throws {
        let place = try TemporaryFolder()
        try place.write("one", to: "plugin.wasm")
        let watched = try Watched(place, "plugin.wasm")

        try place.write("three", to: "plugin.wasm")
        await watched.waits(for: "three")
        try place.write("four", to: "plugin.wasm")
        await watched.waits(for: "four")
        await watched.end()
    }

    @Test func `a write that the clock for files does not show`() async throws {
        let place = try TemporaryFolder()
        try place.write("one", to: "plugin.wasm")
        // As if the clock stood still: the same size and time before and after.
        let time = Date(timeIntervalSinceNow: 3600)
        try place.setTime(time, of: "plugin.wasm")
        let watched = try Watched(place, "plugin.wasm")

        await watched.loop.result {
            try? place.write("two", to: "plugin.wasm")
            try? place.setTime(time, of: "plugin.wasm")
        }
        await watched.waits(for: "two")
        await watched.end()
    }

    @Test func `renaming another file over it`() async throws {
        let place = try TemporaryFolder()
        try place.write("one", to: "plugin.wasm")
        let watched = try Watched(place, "plugin.wasm")

        for content in ["two", "six", "ten"] {
            try place.write(content, to: "plugin.wasm.new")
            try place.move("plugin.wasm.new", to: "plugin.wasm")
            await watched.waits(for: content)
        }
        await watched.end()
    }

    @Test func `removing and creating it`() async throws {
        let place = try TemporaryFolder()
        try place.write("one", to: "plugin.wasm")
        let watched = try Watched(place, "plugin.wasm")

        try place.remove("plugin.wasm")
        await watched.waits(for: nil)
        try place.write("two", to: "plugin.wasm")
        await watched.waits(for: "two")
        await watched.end()
    }

    @Test func `swapping a symbolic link that is the file`() async throws {
        let place = try TemporaryFolder()
        try place.write("one", to: "v1/plugin.wasm")
        try place.write("two", to: "v2/plugin.wasm")
        try place.link("plugin.wasm", to: "v1/plugin.wasm")
        let watched = try Watched(place, "plugin.wasm")

        try place.link("plugin.wasm.new", to: "v2/plugin.wasm")
        try place.move("plugin.wasm.new", to: "plugin.wasm")
        await watched.waits(for: "two")
        // The link's new target is watched too, with a way that leads up and down again.
        try place.write("six", to: "v2/plugin.wasm")
        await watched.waits(for: "six")
        try place.link("plugin.wasm.new", to: "v2/../v1/./plugin.wasm")
        try place.move("plugin.wasm.new", to: "plugin.wasm")
        await watched.waits(for: "one")
        await watched.end()
    }

    @Test func `swapping the link of a folder, as Kubernetes does`() async throws {
        let place = try TemporaryFolder()
        try place.write("one", to: "..2026_01/plugin.wasm")
        try place.link("..data", to: "..2026_01")
        try place.link("plugin.wasm", to: "..data/plugin.wasm")
        let watched = try Watched(place, "plugin.wasm")

        for (version, content) in [("..2026_02", "two"), ("..2026_03", "three")] {
            try place.write(content, to: "\(version)/plugin.wasm")
            try place.link("..data_tmp", to: version)
            try place.move("..data_tmp", to: "..data")
            await watched.waits(for: content)
        }
        try place.remove("..2026_01")
        try place.remove("..2026_02")
        try place.write("four", to: "..2026_03/plugin.wasm")
        await watched.waits(for: "four")
        await watched.end()
    }

    @Test func `writing behind an absolute link of a parent folder`() async throws {
        let place = try TemporaryFolder()
        try place.write("one", to: "real/plugins/plugin.wasm")
        try place.link("current", to: place.at("real"))
        let watched = try Watched(place, "current/plugins/plugin.wasm")

        try place.write("three", to: "real/plugins/plugin.wasm")
        await watched.waits(for: "three")
        await watched.end()
    }

    @Test func `a folder that vanishes and comes back`() async throws {
        let place = try TemporaryFolder()
        try place.write("one", to: "a/b/plugin.wasm")
        let watched = try Watched(place, "a/b/plugin.wasm")

        for content in ["two", "six", "ten"] {
            try place.remove("a")
            await watched.waits(for: nil)
            try place.write(content, to: "a/b/plugin.wasm")
            await watched.waits(for: content)
            // The folder that came back is watched as the first one was.
            try place.write(content + content, to: "a/b/plugin.wasm")
            await watched.waits(for: content + content)
        }
        await watched.end()
    }

    @Test func `a folder that is replaced faster than anybody looks`() async throws {
        let place = try TemporaryFolder()
        try place.write("one", to: "a/plugin.wasm")
        let watched = try Watched(place, "a/plugin.wasm")

        for content in ["three", "seven", "eleven"] {
            // In one job of the loop, so that the watch cannot look in between. File systems give the new folder
            // the old one's inode.
            await watched.loop.result {
                try? place.remove("a")
                try? place.write(content, to: "a/plugin.wasm")
            }
            await watched.waits(for: content)
            try place.write(content + content, to: "a/plugin.wasm")
            await watched.waits(for: content + content)
        }
        await watched.end()
    }

    @Test func `a folder that is renamed away, and another one renamed to its place`() async throws {
        let place = try TemporaryFolder()
        try place.write("one", to: "live/plugin.wasm")
        try place.write("two", to: "next/plugin.wasm")
        let watched = try Watched(place, "live/plugin.wasm")

        try place.move("live", to: "old")
        try place.move("next", to: "live")
        await watched.waits(for: "two")
        // The old folder is not the one that counts any more.
        try place.write("ignored", to: "old/plugin.wasm")
        try place.write("three", to: "live/plugin.wasm")
        await watched.waits(for: "three")
        await watched.end()
    }

    @Test func `a folder that does not exist at first`() async throws {
        let place = try TemporaryFolder()
        let watched = try Watched(place, "a/b/c/plugin.wasm")

        try place.write("one", to: "a/b/c/plugin.wasm")
        await watched.waits(for: "one")
        await watched.end()
    }

    @Test func `a folder and an entry of it with the same name`() async throws {
        let place = try TemporaryFolder()
        try place.write("one", to: "plugin/plugin")
        let watched = try Watched(place, "plugin/plugin")

        try place.write("three", to: "plugin/plugin")
        await watched.waits(for: "three")
        await watched.end()
    }

    @Test func `links that lead in a circle, until they are mended`() async throws {
        let place = try TemporaryFolder()
        try place.link("plugin.wasm", to: "other")
        try place.link("other", to: "plugin.wasm")
        let watched = try Watched(place, "plugin.wasm")

        try place.remove("other")
        try place.write("one", to: "other")
        await watched.waits(for: "one")
        await watched.end()
    }

    @Test func `other files are no change, and a burst is one`() async throws {
        let place = try TemporaryFolder()
        try place.write("one", to: "plugin.wasm")
        try place.setTime(Date(timeIntervalSince1970: 1_000_000_000), of: "plugin.wasm")
        try place.write("one", to: "other.wasm")
        let loop = try WorkerLoop(name: "watch")
        let watched = try Watched(place, "plugin.wasm", on: loop)
        let other = try Watched(place, "other.wasm", on: loop)

        try place.write("three", to: "other.wasm")
        await other.waits(for: "three")
        try place.remove("other.wasm")
        await other.waits(for: nil)

        // In one job of the loop, so that the watch cannot look in between.
        await loop.result {
            for count in 1...50 {
                try? place.write(String(repeating: "x", count: count), to: "plugin.wasm")
            }
        }
        #expect(await watched.next() == String(repeating: "x", count: 50))
        try place.remove("plugin.wasm")
        #expect(await watched.next() == .some(nil))
        withExtendedLifetime(other) {}
        await watched.end()
    }

    @Test func `other permissions, with which it may be readable now`() async throws {
        let place = try TemporaryFolder()
        try place.write("one", to: "plugin.wasm")
        let watched = try Watched(place, "plugin.wasm")

        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.at("plugin.wasm"))
        #expect(await watched.next() == "one")
        await watched.end()
    }

    @Test func `a stream of writes without a pause is reported all the same`() async throws {
        let place = try TemporaryFolder()
        let loop = try WorkerLoop(name: "watch")
        let watched = try Watched(place, "plugin.wasm", on: loop, debounce: .milliseconds(100))
        let count = Counter()

        let writer = try loop.schedule(after: .zero, repeating: .milliseconds(1)) {
            try? place.write(String(count.increment()), to: "plugin.wasm")
        }
        #expect(await watched.next() != nil)
        writer.cancel()
        await watched.end()
    }

    @Test func `a watch that was cancelled or let go reports nothing`() async throws {
        let place = try TemporaryFolder()
        let loop = try WorkerLoop(name: "watch")
        let cancelled = try Watched(place, "plugin.wasm", on: loop)
        cancelled.watch.cancel()
        cancelled.watch.cancel()
        let runs = Counter()
        _ = try loop.watch(place.at("plugin.wasm")) { runs.increment() }

        let watched = try Watched(place, "plugin.wasm", on: loop)
        try place.write("one", to: "plugin.wasm")
        await watched.waits(for: "one")
        #expect(runs.value == 0)
        await watched.end()
        #expect(await cancelled.rest() == [])
    }

    @Test func `a relative path counts from the working directory`() async {
        await #expect(processExitsWith: .success) { () async throws in
            let place = try TemporaryFolder()
            try place.write("one", to: "plugin.wasm")
            #expect(FileManager.default.changeCurrentDirectoryPath(place.at("")))
            let loop = try WorkerLoop(name: "watch")
            let changes = AsyncStream<Void>.makeStream()
            let watch = try loop.watch("plugin.wasm") { changes.continuation.yield() }

            #expect(FileManager.default.changeCurrentDirectoryPath("/"))
            try place.write("three", to: "plugin.wasm")
            var iterator = changes.stream.makeAsyncIterator()
            await iterator.next()
            withExtendedLifetime(watch) {}
            await loop.shutdown()
        }
    }

    #if os(Linux)
    @Test func `where the system has no watch left, the file is looked at`() async {
        await #expect(processExitsWith: .success) { () async throws in
            let place = try TemporaryFolder()
            for name in ["plugin.wasm", "second", "third"] { try place.write(name, to: name) }
            let loop = try WorkerLoop(name: "watch")
            limitDescriptors(to: 3)
            #expect(FileHandle(forReadingAtPath: place.at("plugin.wasm")) == nil)
            let changes = AsyncStream<Void>.makeStream()
            let watch = try loop.watch(place.at("plugin.wasm")) { changes.continuation.yield() }
            var reports = changes.stream.makeAsyncIterator()

            // The first change may be seen while the watch begins; what comes after its report only by looking again.
            for name in ["second", "third"] {
                try place.move(name, to: "plugin.wasm")
                await reports.next()
            }
            limitDescriptors(to: 256)
            withExtendedLifetime(watch) {}
            await loop.shutdown()
        }
    }
    #endif
}

extension TemporaryFolder {
    /// Makes the file look as if it had been written at this time.
    fileprivate func setTime(_ time: Date, of name: String) throws {
        try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: at(name))
    }
}

/// What a watch's closure finds in the file, one element for each run.
private final class Watched: Sendable {
    let loop: WorkerLoop
    let watch: FileWatch
    private let contents: AsyncStream<String?>
    private let finish: @Sendable () -> Void

    init(
        _ place: TemporaryFolder, _ name: String, on loop: WorkerLoop? = nil, debounce: Duration = .milliseconds(10)
    ) throws {
        let loop = try loop ?? WorkerLoop(name: "watch")
        let (contents, continuation) = AsyncStream<String?>.makeStream()
        let path = place.at(name)
        watch = try loop.watch(path, debounce: debounce) {
            let content = try? String(contentsOfFile: path, encoding: .utf8)
            continuation.yield(loop.isCurrent ? content : "not on the loop")
        }
        self.loop = loop
        self.contents = contents
        finish = { continuation.finish() }
    }

    func next() async -> String?? {
        var iterator = contents.makeAsyncIterator()
        return await iterator.next()
    }

    /// Waits until the closure found this content (`nil`: no file). It may find others before.
    func waits(for content: String?) async {
        for await found in contents where found == content {
            return
        }
    }

    func rest() async -> [String?] {
        finish()
        return await Array(contents)
    }

    func end() async {
        await loop.shutdown()
    }
}
