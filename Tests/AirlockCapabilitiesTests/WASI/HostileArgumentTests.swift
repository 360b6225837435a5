import Airlock
import AirlockCapabilities
import AirlockTesting
import Foundation
import Logging
import TestSupport
import Testing

/// The functions of `airlock:files` with their WebAssembly types.
private let fileFunctions: KeyValuePairs<String, String> = [
    "read": "i32 i32 i64 i32 i32", "write": "i32 i32 i64 i32 i32", "append": "i32 i32 i32 i32", "create": "i32 i32",
    "resize": "i32 i32 i64", "status": "i32 i32 i32 i32", "list": "i32 i32 i32 i32 i32 i32", "remove": "i32 i32",
    "make_folder": "i32 i32", "rename": "i32 i32 i32 i32",
]

/// Zero, small numbers that are descriptors or flags, the memory's end, and numbers whose sums and products wrap around.
private let hostileNumbers: [UInt64] = {
    let memory = UInt64(ForwardingGuest.memory)
    return [0, 1, 3, 4, memory - 1, memory, 1 << 29, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF8, 0xFFFF_FFFF, 1 << 63, .max]
}()

@Suite("Hostile arguments", .timeLimit(.minutes(2)))
struct HostileArgumentTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("content", to: "file")
    }

    private func files() throws -> FileAccess {
        try FileAccess([PreopenedFolder(folder.path, as: "/", access: .readWrite)])
    }

    /// Calls a function with every hostile number in each place, among arguments that are good otherwise and among ones that are not.
    /// - Parameter prepare: makes the arguments good that the guest's memory and descriptors hold.
    private func attack(
        _ guest: ForwardingGuest, _ name: String, _ parameters: String, prepare: () async throws -> Void,
        isAnswer: (Int32) -> Bool
    ) async throws {
        let count = parameters.split(separator: " ").count
        var attacks = hostileNumbers.map { [UInt64](repeating: $0, count: count) }
        for place in 0..<count {
            for (index, number) in hostileNumbers.enumerated() {
                var arguments = [UInt64](repeating: index.isMultiple(of: 2) ? 1 : 4, count: count)
                arguments[place] = number
                attacks.append(arguments)
            }
        }
        for arguments in attacks {
            do {
                try await prepare()
                let answer = try await guest.call(name, arguments)
                #expect(isAnswer(answer), "\(name) \(arguments): \(answer)")
            } catch let error as PluginError {
                #expect(
                    [.badArgument, .denied, .exit, .output].contains(error.code), "\(name) \(arguments): \(error)")
            }
        }
        // The host goes on, and so does the plugin.
        try await guest.poke([1, 2, 3], at: 8)
        #expect(try await guest.peek(3, at: 8) == [1, 2, 3])
    }

    @Test(
        "No number does the host any harm, in whatever place of whatever function of WASI",
        arguments: wasiFunctions.map { $0 })
    func wasi(function: (name: String, parameters: String)) async throws {
        try await withPluginHost { host in
            let log = AirlockCapabilities.Logging(to: RecordedLog().logger(), limits: LogLimits(bytesPerCall: 1000))
            let wasi = WASI(
                arguments: ["a"], environment: Environment(["A": "b"]), clock: Clock(), randomness: Randomness(),
                log: log, files: try files())
            let guest = try await WASIGuest(host, wasi)
            try await attack(guest.guest, function.name, function.parameters) {
                // Descriptor 4 is a file, also where the function took it away before; a poll finds sleeps of no length.
                if try await guest.call("fd_tell", 4, 16) != 0 { _ = try await guest.open("file") }
                try await guest.poke([UInt8](repeating: 0, count: 256), at: 0)
            } isAnswer: {
                (0...76).contains($0)
            }
            let pointers = function.parameters.split(separator: " ").map { _ in UInt64(UInt32.max) }
            if !["sched_yield", "proc_exit"].contains(function.name) {
                #expect(try await guest.guest.call(function.name, pointers) != 0)
            }
        }
    }

    @Test(
        "No number does the host any harm, in whatever place of whatever function of airlock:files",
        arguments: fileFunctions.map { $0 })
    func files(function: (name: String, parameters: String)) async throws {
        try await withPluginHost { host in
            let guest = try await ForwardingGuest(host, calling: fileFunctions, of: "airlock:files", granting: files())
            try await attack(guest, function.name, function.parameters) {
                try await guest.poke(Array("\0/file".utf8), at: 0)
            } isAnswer: {
                $0 >= -14
            }
            let pointers = function.parameters.split(separator: " ").map { _ in UInt64(UInt32.max) }
            let error = await #expect(throws: PluginError.self) { try await guest.call(function.name, pointers) }
            #expect(error?.code == .badArgument)
        }
    }

    @Test("Arrays of pieces are bounded and checked, and may overlap")
    func pieces() async throws {
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, WASI(files: try files()))
            let file = try await guest.open("new", flags: 1).descriptor
            for name in ["fd_write", "fd_read"] {
                // A product that wraps around to no bytes at all, and more pieces than are taken.
                for count: UInt64 in [0x2000_0000, 0xFFFF_FFFF, 1025] {
                    #expect(try await guest.call(name, file, 32, count, 16) == Errno.inval)
                }
                try await guest.poke(0, 8, 0xFFFF_FFF0, 32, at: 32)
                #expect(try await guest.call(name, file, 32, 2, 16) == Errno.fault)
                try await guest.poke(131_071, 2, at: 32)
                #expect(try await guest.call(name, file, 32, 1, 16) == Errno.fault)
                #expect(try await guest.call(name, file, 131_068, 1, 16) == Errno.fault)
                try await guest.poke(4096, 8, at: 32)
                #expect(try await guest.call(name, file, 32, 1, 131_069) == Errno.fault)
                #expect(try await guest.call(name, file, 32, 0, 16) == 0)
            }
            // Pieces that each are all of the memory: what is taken at once is bounded, whatever they add up to.
            try await guest.poke(
                (0..<64).flatMap { _ in littleEndian(UInt32(0)) + littleEndian(UInt32(131_072)) }, at: 4096)
            #expect(try await guest.call("fd_write", file, 4096, 64, 16) == 0)
            #expect(try await guest.peek(UInt32.self, at: 16) == 1 << 20)
            #expect(try await guest.call("fd_pread", file, 4096, 64, 0, 16) == 0)
        }
    }

    @Test("Every descriptor is closed with its instance, however that ends")
    func descriptorsAreClosed() async throws {
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, WASI(clock: Clock(), files: try files()))
            let before = try openHere()
            for round in 0..<50 {
                for _ in 0..<8 {
                    #expect(try await guest.open(round.isMultiple(of: 2) ? "file" : ".", rights: 2).errno == 0)
                }
                #expect(try openHere() == before + 8)
                // The instance ends with the exit.
                await #expect(throws: PluginError.self) { try await guest.call("proc_exit", 1) }
            }
            #expect(try openHere() == before)
            #expect(try await guest.open("file").errno == 0)
            await guest.plugin.unload()
            #expect(try openHere() == before)
        }
    }

    /// How many descriptors of this process lead into the test's folder.
    private func openHere() throws -> Int {
        let names = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        return names.count { name in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)"))?
                .hasPrefix(folder.path) ?? false
        }
    }
}
