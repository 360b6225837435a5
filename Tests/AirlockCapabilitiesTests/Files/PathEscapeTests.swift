import Airlock
import AirlockCapabilities
import AirlockTesting
import Dispatch
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Path escapes")
struct PathEscapeTests {
    /// `granted` is what the guest gets; `secret` beside it is what it must not reach.
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.makeFolder("granted/sub")
        try folder.makeFolder("outside")
        try folder.write("inside", to: "granted/sub/file")
        try folder.write("secret", to: "outside/file")
        try folder.link("granted/up", to: "..")
        try folder.link("granted/absolute", to: folder.at("outside"))
        try folder.link("granted/relative", to: "../outside")
        try folder.link("granted/file", to: "../outside/file")
        try folder.link("granted/within", to: "sub")
        try folder.link("granted/loop", to: "loop")
        try folder.link("granted/self", to: "/proc/self")
    }

    private func files(_ access: PreopenedFolder.Access = .readWrite) throws -> FileAccess {
        try FileAccess([PreopenedFolder(folder.at("granted"), as: "/data", access: access)])
    }

    static let denied = [
        "/data/../outside/file", "/data/sub/../../outside/file", "/data/../../etc/passwd", "/etc/passwd", "/", "..",
        "/data/..", "/data/../data2", "/dataX/file", "/data/./../outside/file", "/data//..//outside/file",
        "/data/up/outside/file", "/data/absolute/file", "/data/relative/file", "/data/within/file", "/data/loop/file",
        "/data/self/environ", "/data/self/root/etc/passwd", "/proc/self/environ", "/dev/zero",
        "/data/sub/../up/outside/file",
        String(repeating: "/data/..", count: 30) + "/etc/passwd",
    ]

    @Test("A path that leads out ends the call, whatever it is for", arguments: denied)
    func escapes(path: String) async throws {
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files())
            for name in [
                "read", "write", "append", "create", "resize", "status", "list", "remove", "make_folder", "rename",
            ] {
                let error = await #expect(throws: PluginError.self, "\(name)") {
                    try await guest.call(name, path, "/data/target")
                }
                #expect(error?.code == .denied, "\(name): \(String(describing: error))")
            }
            // Renaming to such a path is no way out either.
            let error = await #expect(throws: PluginError.self) {
                try await guest.call("rename", "/data/sub/file", path)
            }
            #expect(error?.code == .denied)
        }
        #expect(try folder.read("outside/file") == "secret")
        #expect(try folder.read("granted/sub/file") == "inside")
        #expect(!folder.exists("outside/target") && !folder.exists("granted/target"))
    }

    @Test(
        "A symbolic link as the last name is not followed by anything that opens",
        arguments: ["file", "absolute", "loop", "self"])
    func lastNameIsLink(name: String) async throws {
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files())
            for function in ["read", "write", "append", "resize", "list", "rename"] {
                let error = await #expect(throws: PluginError.self) {
                    try await guest.call(function, "/data/\(name)", "/data/other")
                }
                #expect(error?.code == .denied, "\(function)")
                #expect(error?.message.contains("'\(name)'") == true)
            }
            #expect(try await guest.call("status", "/data/\(name)") == 24)
            #expect(guest.given.first == 2)
            // The link itself can be removed: nothing happens to what it names.
            #expect(try await guest.call("remove", "/data/\(name)") == 0)
        }
        #expect(try folder.read("outside/file") == "secret")
    }

    @Test("Paths that no system call must see are refused as answers")
    func invalidPaths() async throws {
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files())
            let paths = [
                "/data/sub/file\0.txt", "/data/\(String(repeating: "n", count: 256))",
                "/" + String(repeating: "data/./", count: 1000), "/data" + String(repeating: "/d", count: 65),
            ]
            for path in paths {
                #expect(try await guest.call("read", path) == FileResultCode.invalidPath.rawValue)
            }
            #expect(try await guest.call("read", "/data/\(String(repeating: "n", count: 255))") == -1)
            #expect(try await guest.read("/data/sub/../sub/./file") == "inside")
            #expect(try await guest.read("data//sub///file") == "inside")
        }
    }

    @Test("Pipes, sockets and devices are not opened, and nothing waits for them")
    func specialFiles() async throws {
        try folder.makePipe("granted/pipe")
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files())
            for function in ["read", "write", "append", "resize"] {
                #expect(try await guest.call(function, "/data/pipe", "x") == FileResultCode.notUsable.rawValue)
            }
            #expect(try await guest.call("status", "/data/pipe") == 24)
            #expect(guest.given.first == 3)
        }
        // A grant of the devices themselves, which nobody should make.
        try await withPluginHost { host in
            let guest = try await FileGuest(host, FileAccess([PreopenedFolder("/dev", as: "/dev", access: .readWrite)]))
            for device in ["null", "zero", "tty"] {
                #expect(try await guest.call("read", "/dev/\(device)") == FileResultCode.notUsable.rawValue)
                #expect(try await guest.call("write", "/dev/\(device)", "x") == FileResultCode.notUsable.rawValue)
            }
        }
    }

    @Test("Another file system that is mounted in the folder is not entered")
    func otherFileSystems() async throws {
        try await withPluginHost { host in
            let guest = try await FileGuest(host, FileAccess([PreopenedFolder("/", as: "/")]))
            for path in ["/proc/version", "/proc/1/environ", "/sys/kernel/notes"] {
                let error = await #expect(throws: PluginError.self) { try await guest.call("read", path) }
                #expect(error?.code == .denied)
                #expect(error?.message.contains("file system") == true)
            }
        }
    }

    @Test("A file that has another name outside can be read, and not written")
    func hardLinks() async throws {
        try folder.hardLink("granted/linked", to: "outside/file")
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files())
            #expect(try await guest.read("/data/linked") == "secret")
            for function in ["write", "append", "resize"] {
                let error = await #expect(throws: PluginError.self) {
                    try await guest.call(function, "/data/linked", "x")
                }
                #expect(error?.code == .denied)
            }
            #expect(try folder.read("outside/file") == "secret")
            #expect(try await guest.call("remove", "/data/linked") == 0)
            #expect(try folder.read("outside/file") == "secret")
        }
    }

    @Test("Symbolic links that take the place of folders and files during the walk lead nowhere")
    func race() async throws {
        try folder.makeFolder("granted/swap")
        try folder.write("inside", to: "granted/swap/file")
        try folder.link("granted/swap-link", to: "../outside")
        try folder.write("inside", to: "granted/last")
        let swapper = Swapper(folder)
        try await withPluginHost { host in
            let guest = try await FileGuest(host, files())
            var seen: Set<String> = []
            for _ in 0..<400 {
                for path in ["/data/swap/file", "/data/last"] {
                    do {
                        seen.insert(try await guest.read(path))
                    } catch let error as PluginError {
                        #expect(error.code == .denied)
                        #expect(error.message.contains("symbolic link"))
                    }
                    do {
                        _ = try await guest.write("inside", to: path)
                    } catch let error as PluginError {
                        #expect(error.code == .denied)
                    }
                }
            }
            #expect(seen.isSubset(of: ["inside", "error -1", "error -3"]), "\(seen)")
        }
        try swapper.stop()
        #expect(try folder.read("outside/file") == "secret")
    }
}

/// A thread that puts a symbolic link into the place of a folder and of a file, and takes it away, without end.
private final class Swapper: Sendable {
    private let isStopped = Atomic(false)
    private let finished = DispatchSemaphore(value: 0)
    private let failure = Mutex<(any Error)?>(nil)

    init(_ folder: TemporaryFolder) {
        let thread = Thread { [self] in
            do {
                while !isStopped.load(ordering: .relaxed) { try Self.swap(in: folder) }
            } catch {
                failure.withLock { $0 = error }
            }
            finished.signal()
        }
        thread.start()
    }

    private static func swap(in folder: TemporaryFolder) throws {
        try folder.move("granted/swap", to: "granted/swap-folder")
        try folder.move("granted/swap-link", to: "granted/swap")
        try folder.move("granted/swap", to: "granted/swap-link")
        try folder.move("granted/swap-folder", to: "granted/swap")
        try folder.link("granted/next", to: "../outside/file")
        try folder.move("granted/next", to: "granted/last")
        try folder.write("inside", to: "granted/next")
        try folder.move("granted/next", to: "granted/last")
    }

    /// Ends the thread.
    /// - Throws: what ended it before, in which case there was no race.
    func stop() throws {
        isStopped.store(true, ordering: .relaxed)
        finished.wait()
        if let failure = failure.withLock(\.self) { throw failure }
    }
}
