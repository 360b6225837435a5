import Airlock
import AirlockCapabilities
import AirlockTesting
import TestSupport
import Testing

@Suite("File access")
struct FileAccessTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func files(
        _ access: PreopenedFolder.Access = .readWrite, limits: FileLimits = FileLimits()
    ) throws -> FileAccess {
        try FileAccess([PreopenedFolder(folder.path, as: "/data", access: access)], limits: limits)
    }

    @Test("A guest writes, appends, reads, asks, lists, renames and removes in its folder")
    func roundTrip() async throws {
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files())
            #expect(try await guest.write("hello", to: "/data/a.txt") == 5)
            #expect(try await guest.call("append", "/data/a.txt", " world") == 6)
            #expect(try folder.read("a.txt") == "hello world")
            #expect(try await guest.read("/data/a.txt", at: 6) == "world")
            #expect(try await guest.read("/data/a.txt", at: 3, room: 4) == "lo w")
            #expect(try await guest.read("/data/a.txt", at: 11) == "")
            #expect(try await guest.read("/data/a.txt", at: .max) == "error -9")

            #expect(try await guest.call("make_folder", "/data/sub/") == 0)
            #expect(try await guest.call("create", "/data/sub/empty") == 0)
            #expect(try await guest.call("rename", "/data/a.txt", "/data/sub/b.txt") == 0)
            #expect(try await guest.list("/data") == ["sub"])
            #expect(try await guest.list("/data/sub") == ["b.txt", "empty"])
            #expect(try await guest.call("status", "/data/sub/b.txt") == 24)
            #expect(guest.given.prefix(16) == [0, 0, 0, 0, 0, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0])
            #expect(try await guest.call("status", "/data/sub") == 24)
            #expect(guest.given.first == 1)

            #expect(try await guest.call("resize", "/data/sub/b.txt", "", 4) == 0)
            #expect(try folder.read("sub/b.txt") == "hell")
            #expect(try await guest.call("remove", "/data/sub") == FileResultCode.notEmpty.rawValue)
            #expect(try await guest.call("remove", "/data/sub/b.txt") == 0)
            #expect(try await guest.call("remove", "/data/sub/empty") == 0)
            #expect(try await guest.call("remove", "/data/sub") == 0)
            #expect(try await guest.list("/data") == [])
        }
    }

    @Test("Ordinary failures are answers, and the guest goes on")
    func ordinaryFailures() async throws {
        try folder.write("x", to: "file")
        try folder.makeFolder("folder")
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files())
            #expect(try await guest.call("read", "/data/none") == FileResultCode.notFound.rawValue)
            #expect(try await guest.call("read", "/data/none/file") == FileResultCode.notFound.rawValue)
            #expect(try await guest.call("read", "/data/folder") == FileResultCode.isFolder.rawValue)
            #expect(try await guest.call("read", "/data") == FileResultCode.isFolder.rawValue)
            #expect(try await guest.call("read", "/data/file/x") == FileResultCode.notFolder.rawValue)
            #expect(try await guest.call("read", "/data/file/") == FileResultCode.notFolder.rawValue)
            #expect(try await guest.call("status", "/data/file/.") == FileResultCode.notFolder.rawValue)
            #expect(try await guest.call("create", "/data/file") == FileResultCode.exists.rawValue)
            #expect(try await guest.call("create", "/data/new/") == FileResultCode.isFolder.rawValue)
            #expect(try await guest.call("make_folder", "/data/folder") == FileResultCode.exists.rawValue)
            #expect(try await guest.call("make_folder", "/data") == FileResultCode.exists.rawValue)
            #expect(try await guest.call("remove", "/data") == FileResultCode.notUsable.rawValue)
            #expect(try await guest.call("rename", "/data", "/data/x") == FileResultCode.notUsable.rawValue)
            #expect(try await guest.call("list", "/data/file") == FileResultCode.notFolder.rawValue)
            #expect(try await guest.call("status", "/data/file", "", 0, 23) == FileResultCode.roomTooSmall.rawValue)
            #expect(try await guest.call("read", "") == FileResultCode.notFound.rawValue)
            #expect(try await guest.read("/data/file") == "x")
        }
    }

    @Test("Nothing can be changed in a folder that was granted for reading")
    func readOnly() async throws {
        try folder.write("kept", to: "file")
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files(.readOnly))
            #expect(try await guest.read("/data/file") == "kept")
            for name in ["write", "append", "create", "resize", "remove", "make_folder", "rename"] {
                let error = await #expect(throws: PluginError.self, "\(name)") {
                    try await guest.call(name, "/data/file", "/data/other")
                }
                #expect(error?.code == .denied, "\(name)")
                #expect(error?.message.contains("/data/file") == true)
                #expect(error?.message.contains("'/data' (read-only)") == true)
            }
            #expect(try folder.read("file") == "kept")
            #expect(try await guest.list("/data") == ["file"])
        }
    }

    @Test("A listing goes on behind the name that the guest saw last")
    func listingCursor() async throws {
        for index in 10..<30 { try folder.write("", to: "file\(index)") }
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files())
            var names: [String] = []
            while true {
                // 3 bytes before each name of 6 bytes: two fit.
                let page = try await guest.list("/data", after: names.last ?? "", room: 20)
                #expect(page.count <= 2)
                if page.isEmpty { break }
                names += page
            }
            #expect(names == (10..<30).map { "file\($0)" })
            #expect(try await guest.list("/data", room: 8) == ["error -12"])
        }
    }

    @Test("A folder with more entries than may be listed is refused")
    func listingLimit() async throws {
        for index in 0..<5 { try folder.write("", to: "file\(index)") }
        try await withPluginHost { host in
            let few = try await FileGuest(host, files(limits: FileLimits(entriesPerListing: 4)))
            #expect(try await few.call("list", "/data") == FileResultCode.tooManyEntries.rawValue)
            let enough = try await FileGuest(host, files(limits: FileLimits(entriesPerListing: 5)))
            #expect(try await enough.list("/data").count == 5)
        }
    }

    @Test("No file grows beyond its limit, in whatever way")
    func bytesPerFile() async throws {
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files(limits: FileLimits(bytesPerFile: 10)))
            #expect(try await guest.write("0123456789", to: "/data/file") == 10)
            #expect(try await guest.write("x", to: "/data/file", at: 10) == FileResultCode.fileTooLarge.rawValue)
            #expect(try await guest.write("x", to: "/data/file", at: .max) == FileResultCode.fileTooLarge.rawValue)
            #expect(try await guest.call("append", "/data/file", "x") == FileResultCode.fileTooLarge.rawValue)
            #expect(try await guest.call("resize", "/data/file", "", 11) == FileResultCode.fileTooLarge.rawValue)
            #expect(try await guest.call("resize", "/data/file", "", .max) == FileResultCode.fileTooLarge.rawValue)
            #expect(try folder.read("file") == "0123456789")
        }
    }

    @Test("All plugins with one grant write no more than its budget")
    func writeBudget() async throws {
        try await withPluginHost { host in
            let files = try files(limits: FileLimits(writtenBytes: 10))
            let (first, second) = (try await FileGuest(host, files), try await FileGuest(host, files))
            #expect(try await first.write("012345", to: "/data/a") == 6)
            #expect(try await second.write("01234", to: "/data/b") == FileResultCode.overBudget.rawValue)
            #expect(try await second.write("0123", to: "/data/b") == 4)
            #expect(try await first.call("append", "/data/a", "x") == FileResultCode.overBudget.rawValue)
            #expect(try await first.call("resize", "/data/a", "", 7) == FileResultCode.overBudget.rawValue)
            #expect(try await first.call("resize", "/data/a", "", 2) == 0)
        }
    }

    @Test("A flood of new files and folders ends at the grant's budget")
    func creationBudget() async throws {
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files(limits: FileLimits(createdEntries: 3)))
            #expect(try await guest.call("create", "/data/a") == 0)
            #expect(try await guest.call("create", "/data/a") == FileResultCode.exists.rawValue)
            #expect(try await guest.call("make_folder", "/data/b") == 0)
            #expect(try await guest.write("x", to: "/data/c") == 1)
            #expect(try await guest.write("x", to: "/data/d") == FileResultCode.overBudget.rawValue)
            #expect(try await guest.call("make_folder", "/data/e") == FileResultCode.overBudget.rawValue)
            #expect(try await guest.write("y", to: "/data/c") == 1)
        }
    }

    @Test("Many guests append to one file at once, and it stays within its limit")
    func concurrentAppends() async throws {
        try await withPluginHost { host in
            let files = try files(limits: FileLimits(bytesPerFile: 100))
            var guests: [FileGuest] = []
            for _ in 0..<4 { guests.append(try await FileGuest(host, files)) }
            let written = try await withThrowingTaskGroup(of: Int.self) { group in
                for guest in guests {
                    group.addTask {
                        var sum = 0
                        for _ in 0..<15 {
                            let answer = try await guest.call("append", "/data/log", "abc")
                            #expect(answer == 3 || answer == FileResultCode.fileTooLarge.rawValue)
                            sum += max(0, Int(answer))
                        }
                        return sum
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(written == 99)
            #expect(try folder.read("log").count == 99)
        }
    }

    @Test("Each path leads into the folder with the longest guest path that fits")
    func nestedFolders() async throws {
        let inner = try TemporaryFolder()
        try inner.write("inner", to: "file")
        try folder.write("outer", to: "file")
        let files = try FileAccess([
            PreopenedFolder(folder.path, as: "/", access: .readWrite), PreopenedFolder(inner.path, as: "/in/ner"),
        ])
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files)
            #expect(try await guest.read("/file") == "outer")
            #expect(try await guest.read("/in/ner/file") == "inner")
            #expect(try await guest.read("/in/ner/../../file") == "outer")
            let error = await #expect(throws: PluginError.self) { try await guest.call("create", "/in/ner/new") }
            #expect(error?.code == .denied)
        }
    }

    @Test("A folder stays granted when the host renames it, and one that takes its path is not reached")
    func renamedFolder() async throws {
        try folder.makeFolder("granted")
        try folder.write("right", to: "granted/file")
        let files = try FileAccess([PreopenedFolder(folder.at("granted"), as: "/data")])
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files)
            #expect(try await guest.read("/data/file") == "right")
            try folder.move("granted", to: "elsewhere")
            try folder.makeFolder("granted")
            try folder.write("wrong", to: "granted/file")
            #expect(try await guest.read("/data/file") == "right")
        }
    }

    @Test("Settings that make no sense are refused")
    func configuration() throws {
        for (host, guest) in [
            (folder.at("none"), "/data"), (folder.path, ""), (folder.path, "/a/../.."), (folder.path, "a\0b"),
        ] {
            let error = #expect(throws: PluginError.self) { try PreopenedFolder(host, as: guest) }
            #expect(error?.code == .configuration)
        }
        let preopened = try PreopenedFolder(folder.path, as: "/data")
        let twice = #expect(throws: PluginError.self) {
            try FileAccess([preopened, PreopenedFolder(folder.path, as: "data/")])
        }
        #expect(twice?.message.contains("data/") == true)
        let limits = #expect(throws: PluginError.self) {
            try FileAccess([preopened], limits: FileLimits(openFiles: -1))
        }
        #expect(limits?.message == "the file limit openFiles is -1, expected 0 to 1024")
    }
}
