import Foundation
import TestSupport
import Testing
import WorkerLoop

@Suite(.timeLimit(.minutes(2)))
struct EntryWatchTests {
    @Test func `entries that come, are written, renamed and go`() async throws {
        try await withEntries(of: ".") { place, entries in
            try place.write("one", to: "a")
            await entries.wait(for: ["a one"])
            try place.write("two", to: "a")
            await entries.wait(for: ["a two"])
            try place.move("a", to: "b")
            await entries.wait(for: ["b two"])
            try place.remove("b")
            await entries.wait(for: [])
        }
    }

    @Test func `a folder that comes, goes and comes back`() async throws {
        try await withEntries(of: "sub/folder") { place, entries in
            for content in ["one", "two", "three"] {
                try place.makeFolder("sub/folder")
                await entries.wait(for: [])
                try place.write(content, to: "sub/folder/a")
                await entries.wait(for: ["a \(content)"])
                try place.remove("sub")
                await entries.wait(for: nil)
            }
        }
    }

    @Test func `a folder behind a symbolic link that is swapped`() async throws {
        try await withEntries(of: "link") { place, entries in
            for content in ["one", "two"] {
                try place.write(content, to: "\(content)/a")
                try place.link("link.new", to: content)
                try place.move("link.new", to: "link")
                await entries.wait(for: ["a \(content)"])
                try place.write("\(content)!", to: "\(content)/a")
                await entries.wait(for: ["a \(content)!"])
            }
        }
    }

    @Test func `another folder in its place, with an entry of the same name`() async throws {
        try await withEntries(of: "live") { place, entries in
            try place.write("one", to: "live/a")
            try place.write("two", to: "next/a")
            await entries.wait(for: ["a one"])
            try place.move("live", to: "old")
            try place.move("next", to: "live")
            await entries.wait(for: ["a two"])
            try place.write("more", to: "live/a")
            await entries.wait(for: ["a more"])
        }
    }
}

/// What a watch's closure finds in a folder.
private struct Entries: Sendable {
    let watch: FileWatch
    private let found: AsyncStream<[String]?>

    init(of folder: String, on loop: WorkerLoop) throws {
        let (found, continuation) = AsyncStream<[String]?>.makeStream()
        watch = try loop.watchEntries(of: folder, debounce: .milliseconds(10)) {
            let names = try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            continuation.yield(
                names?.map { "\($0) \((try? String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8)) ?? "")" })
        }
        self.found = found
    }

    /// Waits until the closure found these entries and what is in them (`nil`: no folder). It may find others before.
    func wait(for entries: [String]?) async {
        for await now in found where now == entries {
            return
        }
    }
}

/// Watches a folder in a new one.
private func withEntries(of name: String, _ body: (TemporaryFolder, Entries) async throws -> Void) async throws {
    let place = try TemporaryFolder()
    let loop = try WorkerLoop(name: "watch")
    try await body(place, try Entries(of: place.at(name), on: loop))
    await loop.shutdown()
}
