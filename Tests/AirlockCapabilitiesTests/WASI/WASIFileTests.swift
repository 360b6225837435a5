import Airlock
import AirlockCapabilities
import AirlockTesting
import TestSupport
import Testing

@Suite("WASI: files")
struct WASIFileTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func wasi(_ access: PreopenedFolder.Access = .readWrite, limits: FileLimits = FileLimits()) throws -> WASI {
        WASI(files: try FileAccess([PreopenedFolder(folder.path, as: "/data", access: access)], limits: limits))
    }

    @Test("A guest finds the granted folders by number and name")
    func preopened() async throws {
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, wasi())
            #expect(try await guest.call("fd_prestat_get", 3, 16) == 0)
            #expect(try await guest.peek(UInt64.self, at: 16) == 5 << 32)
            #expect(try await guest.call("fd_prestat_dir_name", 3, 64, 5) == 0)
            #expect(try await guest.peekText(5, at: 64) == "/data")
            #expect(try await guest.call("fd_prestat_dir_name", 3, 64, 4) == Errno.nametoolong)
            #expect(try await guest.call("fd_prestat_get", 4, 16) == Errno.badf)
        }
    }

    @Test("A guest writes, seeks and reads a file")
    func readAndWrite() async throws {
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, wasi())
            let (errno, file) = try await guest.open("file", flags: 1)
            #expect((errno, file) == (0, 4))
            #expect(try await guest.write("hello world", to: file) == (0, 11))
            #expect(try await guest.call("fd_tell", file, 16) == 0)
            #expect(try await guest.peek(UInt64.self, at: 16) == 11)
            #expect(try await guest.read(file) == "")
            #expect(try await guest.call("fd_seek", file, UInt64(bitPattern: -5), 2, 16) == 0)
            #expect(try await guest.peek(UInt64.self, at: 16) == 6)
            #expect(try await guest.read(file) == "world")
            #expect(try await guest.call("fd_seek", file, UInt64(bitPattern: -12), 1, 16) == Errno.inval)
            #expect(try await guest.call("fd_seek", file, 0, 3, 16) == Errno.inval)

            try await guest.poke(4096, 2, at: 32)
            #expect(try await guest.call("fd_pread", file, 32, 1, 4, 16) == 0)
            #expect(try await guest.peekText(2, at: 4096) == "o ")
            try await guest.poke("J", at: 4096)
            try await guest.poke(4096, 1, at: 32)
            #expect(try await guest.call("fd_pwrite", file, 32, 1, 0, 16) == 0)
            #expect(try folder.read("file") == "Jello world")

            #expect(try await guest.call("fd_filestat_set_size", file, 5) == 0)
            #expect(try await guest.call("fd_allocate", file, 2, 5) == 0)
            #expect(try await guest.call("fd_filestat_set_times", file, 1_000_000_000, 2_000_000_000, 5) == 0)
            #expect(try await guest.call("fd_sync", file) == 0)
            #expect(try await guest.call("fd_datasync", file) == 0)
            #expect(try await guest.call("fd_advise", file, 0, 0, 4) == 0)
            #expect(try await guest.call("fd_filestat_get", file, 64) == 0)
            #expect(try await guest.peek(1, at: 80) == [4])
            #expect(try await guest.peek(UInt64.self, at: 96) == 7)
            #expect(try await guest.peek(UInt64.self, at: 112) == 2_000_000_000)
            #expect(try await guest.call("fd_close", file) == 0)
            #expect(try await guest.read(file) == "errno \(Errno.badf)")
        }
        #expect(try folder.read("file") == "Jello\0\0")
    }

    @Test("What is appended goes to the end, whatever the position is")
    func append() async throws {
        try folder.write("start", to: "file")
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, wasi())
            let file = try await guest.open("file", descriptorFlags: 1).descriptor
            #expect(try await guest.write("-end", to: file) == (0, 4))
            #expect(try folder.read("file") == "start-end")
            #expect(try await guest.call("fd_fdstat_set_flags", file, 0) == 0)
            #expect(try await guest.call("fd_seek", file, 0, 0, 16) == 0)
            #expect(try await guest.write("S", to: file) == (0, 1))
            #expect(try folder.read("file") == "Start-end")
            #expect(try await guest.call("fd_fdstat_set_flags", file, 32) == Errno.inval)
        }
    }

    @Test("Writes that wait for the disk can be asked for, when a file is opened and later", arguments: [2, 8, 16, 26])
    func synchronized(flags: UInt64) async throws {
        try folder.write("", to: "file")
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, wasi())
            let file = try await guest.open("file", descriptorFlags: flags)
            #expect(file.errno == 0)
            #expect(try await guest.write("one", to: file.descriptor) == (0, 3))
            #expect(try await guest.call("fd_fdstat_set_flags", file.descriptor, flags | 1) == 0)
            #expect(try await guest.call("fd_fdstat_get", file.descriptor, 64) == 0)
            #expect(try await guest.peek(UInt16.self, at: 66) == UInt16(flags | 1))
            #expect(try await guest.write("two", to: file.descriptor) == (0, 3))
            #expect(try folder.read("file") == "onetwo")
        }
    }

    @Test("Opening creates, empties and refuses as its flags say")
    func openFlags() async throws {
        try folder.write("old", to: "file")
        try folder.makeFolder("sub")
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, wasi())
            #expect(try await guest.open("none").errno == Errno.noent)
            #expect(try await guest.open("file", flags: 5).errno == Errno.exist)
            #expect(try await guest.open("file", flags: 2).errno == Errno.notdir)
            #expect(try await guest.open("file", flags: 3).errno == Errno.inval)
            #expect(try await guest.open("file", flags: 16).errno == Errno.inval)
            #expect(try await guest.open("sub", flags: 1).errno == Errno.isdir)
            #expect(try await guest.open("sub", flags: 5).errno == Errno.exist)
            #expect(try await guest.open("sub", flags: 2).errno == 0)
            #expect(try await guest.open("sub", rights: ~(1 << 6)).errno == 0)
            #expect(try await guest.open("file", flags: 8).errno == 0)
            #expect(try folder.read("file") == "")
            let reading = try await guest.open("file", rights: 2).descriptor
            #expect(try await guest.write("x", to: reading).errno == Errno.notcapable)
            #expect(try await guest.call("fd_filestat_set_size", reading, 0) == Errno.notcapable)
            #expect(try await guest.call("fd_filestat_set_times", reading, 0, 0, 10) == Errno.notcapable)
        }
    }

    @Test("Folders are made, listed, renamed and removed")
    func folders() async throws {
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, wasi())
            #expect(try await guest.path("path_create_directory", "sub") == 0)
            #expect(try await guest.path("path_create_directory", "sub") == Errno.exist)
            let sub = try await guest.open("sub", flags: 2).descriptor
            let file = try await guest.open("file", in: sub, flags: 1)
            #expect(file.errno == 0)
            #expect(try await guest.open("../outside", in: sub, flags: 1).errno == Errno.notcapable)
            try await guest.poke("file", at: 1024)
            try await guest.poke("moved", at: 1100)
            #expect(try await guest.call("path_rename", sub, 1024, 4, 3, 1100, 5) == 0)
            #expect(folder.exists("moved"))
            #expect(try await guest.path("path_remove_directory", "moved") == Errno.notdir)
            #expect(try await guest.path("path_unlink_file", "sub") == Errno.isdir)
            #expect(try await guest.path("path_remove_directory", "sub") == 0)
            #expect(try await guest.path("path_unlink_file", "moved") == 0)
            #expect(try await guest.path("path_unlink_file", "moved") == Errno.noent)
        }
    }

    @Test("A folder is read in pieces of any size, from a listing that stays the same meanwhile")
    func listing() async throws {
        for name in ["b", "a", "long-name"] { try folder.write("", to: name) }
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, wasi())
            var (names, cookie): ([String], UInt64) = ([], 0)
            while true {
                #expect(try await guest.call("fd_readdir", 3, 4096, 40, cookie, 16) == 0)
                let used = Int(try await guest.peek(UInt32.self, at: 16))
                let length = used < 24 ? 0 : Int(try await guest.peek(UInt32.self, at: 4096 + 16))
                guard used >= 24 + length, used > 0 else { break }
                cookie = try await guest.peek(UInt64.self, at: 4096)
                names.append(try await guest.peekText(length, at: 4096 + 24))
                try folder.write("", to: "later\(cookie)")
            }
            #expect(names == [".", "..", "a", "b", "long-name"])
            #expect(try await guest.call("fd_readdir", 3, 4096, 40, .max, 16) == 0)
            #expect(try await guest.peek(UInt32.self, at: 16) == 0)
        }
    }

    @Test("Nothing can be changed in a folder that was granted for reading")
    func readOnly() async throws {
        try folder.write("kept", to: "file")
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, wasi(.readOnly))
            #expect(try await guest.open("file").errno == Errno.notcapable)
            #expect(try await guest.open("file", flags: 8, rights: 2).errno == Errno.notcapable)
            #expect(try await guest.open("new", flags: 1, rights: 2).errno == Errno.notcapable)
            for name in ["path_create_directory", "path_remove_directory", "path_unlink_file"] {
                #expect(try await guest.path(name, "file") == Errno.notcapable)
            }
            try await guest.poke("file", at: 1024)
            #expect(try await guest.call("path_rename", 3, 1024, 4, 3, 1024, 4) == Errno.notcapable)
            #expect(try await guest.call("path_filestat_set_times", 3, 1, 1024, 4, 0, 0, 10) == Errno.notcapable)
            #expect(try await guest.call("fd_filestat_set_times", 3, 0, 0, 10) == Errno.notcapable)
            // Guests ask for all rights but writing when they only read.
            let file = try await guest.open("file", rights: ~(1 << 6)).descriptor
            #expect(try await guest.read(file) == "kept")
            #expect(try await guest.call("fd_filestat_set_size", file, 0) == Errno.notcapable)
        }
        #expect(try folder.read("file") == "kept")
    }

    @Test("Rights can be given up and never gained")
    func rights() async throws {
        try folder.write("text", to: "file")
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, wasi())
            let file = try await guest.open("file").descriptor
            #expect(try await guest.call("fd_fdstat_get", file, 64) == 0)
            let rights = try await guest.peek(UInt64.self, at: 72)
            #expect(rights & 0b1000010 == 0b1000010)
            #expect(try await guest.call("fd_fdstat_set_rights", file, 2, 0) == 0)
            #expect(try await guest.read(file) == "text")
            #expect(try await guest.write("x", to: file).errno == Errno.notcapable)
            #expect(try await guest.call("fd_fdstat_set_rights", file, rights, 0) == Errno.notcapable)
            #expect(try await guest.call("fd_fdstat_set_rights", file, 0, 0) == 0)
            #expect(try await guest.read(file) == "errno \(Errno.notcapable)")
        }
    }

    @Test("Links cannot be made, read or followed, and removing one removes it")
    func links() async throws {
        try folder.write("secret", to: "target")
        try folder.link("link", to: "target")
        try folder.link("out", to: "/etc")
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, wasi())
            #expect(try await guest.open("link").errno == Errno.notcapable)
            #expect(try await guest.open("out/passwd", rights: 2).errno == Errno.notcapable)
            #expect(try await guest.path("path_readlink", "link", 64, 100, 16) == Errno.notcapable)
            #expect(try await guest.path("path_readlink", "target", 64, 100, 16) == Errno.inval)
            try await guest.poke("link", at: 1024)
            #expect(try await guest.call("path_filestat_get", 3, 1, 1024, 4, 64) == Errno.notcapable)
            #expect(try await guest.call("path_filestat_get", 3, 0, 1024, 4, 64) == 0)
            #expect(try await guest.peek(1, at: 80) == [7])
            #expect(try await guest.call("path_filestat_set_times", 3, 1, 1024, 4, 0, 0, 10) == Errno.notcapable)
            try await guest.poke("new", at: 1100)
            #expect(try await guest.call("path_symlink", 1024, 4, 3, 1100, 3) == Errno.perm)
            #expect(try await guest.call("path_link", 3, 0, 1024, 4, 3, 1100, 3) == Errno.perm)
            #expect(!folder.exists("new"))
            #expect(try await guest.path("path_unlink_file", "link") == 0)
            #expect(try folder.read("target") == "secret")
        }
    }

    @Test("Escapes are refused", arguments: ["/etc/passwd", "..", "../x", "a/../../x", "./../x", "/data/file"])
    func escapes(path: String) async throws {
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, wasi())
            #expect(try await guest.open(path, flags: 1).errno == Errno.notcapable)
            for name in ["path_create_directory", "path_remove_directory", "path_unlink_file"] {
                #expect(try await guest.path(name, path) == Errno.notcapable)
            }
            try await guest.poke(path, at: 1024)
            try await guest.poke("file", at: 1100)
            let count = UInt64(path.utf8.count)
            #expect(try await guest.call("path_filestat_get", 3, 0, 1024, count, 64) == Errno.notcapable)
            #expect(try await guest.call("path_rename", 3, 1100, 4, 3, 1024, count) == Errno.notcapable)
        }
    }

    @Test("Paths that are not UTF-8, too long, or have a NUL byte are refused")
    func invalidPaths() async throws {
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, wasi())
            try await guest.poke([0xFF, 0xFE], at: 1024)
            #expect(try await guest.call("path_unlink_file", 3, 1024, 2) == Errno.ilseq)
            #expect(try await guest.path("path_unlink_file", "a\0b") == Errno.inval)
            #expect(try await guest.path("path_unlink_file", "") == Errno.noent)
            #expect(try await guest.path("path_unlink_file", String(repeating: "x", count: 256)) == Errno.nametoolong)
            #expect(try await guest.call("path_unlink_file", 3, 8192, 4097) == Errno.nametoolong)
        }
    }

    @Test("Descriptors of one kind are no use as another")
    func wrongKinds() async throws {
        try folder.write("x", to: "file")
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, wasi())
            let file = try await guest.open("file").descriptor
            #expect(try await guest.path("path_unlink_file", "x", in: file) == Errno.notcapable)
            #expect(try await guest.call("fd_readdir", file, 4096, 40, 0, 16) == Errno.notcapable)
            #expect(try await guest.read(3) == "errno \(Errno.notcapable)")
            #expect(try await guest.call("fd_seek", 3, 0, 0, 16) == Errno.isdir)
            #expect(try await guest.call("fd_renumber", file, 77) == Errno.badf)
            let other = try await guest.open("file").descriptor
            #expect(try await guest.call("fd_renumber", file, other) == 0)
            #expect(try await guest.read(other) == "x")
            #expect(try await guest.read(file) == "errno \(Errno.badf)")
        }
    }

    @Test("Sizes, budgets and creations are bounded as for every file access")
    func limits() async throws {
        try await withPluginHost { host in
            let limits = FileLimits(bytesPerFile: 100, writtenBytes: 150, createdEntries: 3)
            let guest = try await WASIGuest(host, wasi(limits: limits))
            let file = try await guest.open("file", flags: 1).descriptor
            #expect(try await guest.write(String(repeating: "x", count: 101), to: file).errno == Errno.fbig)
            #expect(try await guest.call("fd_filestat_set_size", file, .max) == Errno.fbig)
            #expect(try await guest.call("fd_allocate", file, .max, 1) == Errno.fbig)
            #expect(try await guest.call("fd_allocate", file, 100, 1) == Errno.fbig)
            #expect(try await guest.write(String(repeating: "x", count: 100), to: file) == (0, 100))
            #expect(try await guest.call("fd_seek", file, 0, 0, 16) == 0)
            #expect(try await guest.write(String(repeating: "x", count: 51), to: file).errno == Errno.dquot)
            #expect(try await guest.path("path_create_directory", "a") == 0)
            #expect(try await guest.open("b", flags: 1).errno == 0)
            #expect(try await guest.open("c", flags: 1).errno == Errno.dquot)
        }
    }

    @Test("A flood of descriptors ends at the instance's limit, and at that of all instances")
    func descriptorFlood() async throws {
        try folder.write("x", to: "file")
        try await withPluginHost { host in
            let wasi = try wasi(limits: FileLimits(openFiles: 5, openFilesInAll: 7))
            let (first, second) = (try await WASIGuest(host, wasi), try await WASIGuest(host, wasi))
            for expected: UInt64 in 4...8 { #expect(try await first.open("file") == (0, expected)) }
            #expect(try await first.open("file").errno == Errno.mfile)
            #expect(try await first.open(".", flags: 2).errno == Errno.mfile)
            #expect(try await second.open("file").errno == 0)
            #expect(try await second.open("file").errno == 0)
            #expect(try await second.open("file").errno == Errno.nfile)
            #expect(try await first.call("fd_close", 5) == 0)
            #expect(try await first.open("file") == (0, 5))
            #expect(try await first.call("fd_close", 5) == 0)
            #expect(try await second.open("file").errno == 0)
            await first.plugin.unload()
            #expect(try await second.open("file").errno == 0)
        }
    }
}
