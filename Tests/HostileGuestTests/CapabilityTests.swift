import Airlock
import AirlockCapabilities
import AirlockTesting
import Synchronization
import TestSupport
import Testing
import Wasmtime

@Suite("Hostile: standard capabilities", .hostile)
struct CapabilityTests {
    @Test("A sleep through WASI past the deadline ends with it")
    func sleep() async {
        await #expect(processExitsWith: .success) {
            // A repetition waits for its deadline.
            try await withstand(repetitions: 300) { host in
                let plugin = try await patiently {
                    try await host.loadSuspendable(
                        .wat(sleeping), name: "hostile", granting: [WASI(clock: AirlockCapabilities.Clock())],
                        limits: .shortDeadline())
                }
                let sleep = try plugin.function("sleep")
                return {
                    let error = try await failure(.deadline) { try await plugin.call(sleep) }
                    try #require(error.limit == 1_000_000)
                    // A poll that returned at once would be called again.
                    try #require(try #require(error.report).hostCalls <= 1)
                }
            }
        }
    }

    /// An instance's own bound is answered with EMFILE (33), that of all instances with ENFILE (41).
    @Test("A guest that opens files until it may not leaves none open", arguments: [(16, 256, 33), (16, 10, 41)])
    func descriptors(most: Int, inAll: Int, number: Int32) async {
        await #expect(processExitsWith: .success) { [most, inAll, number] in
            try await withFolder { folder in
                let files = try FileAccess(
                    [try PreopenedFolder(folder, as: "/")], limits: FileLimits(openFiles: most, openFilesInAll: inAll))
                // A repetition opens some files on the threads for the disk.
                try await withstand(repetitions: 300) { host in
                    var limits = PluginLimits.patient
                    limits.callsPerInstance = 1
                    let plugin = try await host.loadSuspendable(
                        .wat(opening("file")), name: "hostile", granting: [WASI(files: files)], limits: limits)
                    let flood = try plugin.function("flood", returning: Int32.self)
                    return {
                        let result = try await plugin.call(flood)
                        try #require(result.value == number)
                        // What the instance before it had open may not be closed yet, and counts among those of all.
                        let least = most < inAll ? most + 1 : 1
                        try #require((least...min(most, inAll) + 1).contains(result.report.hostCalls))
                    }
                }
            }
        }
    }

    /// What a host function answers a guest with, or the end of its call.
    enum Answer: Equatable {
        case code(Int32)
        case ended(PluginError.Code)
    }

    /// What leads out is ENOTCAPABLE (76); "" is ENOENT (44), a null byte EINVAL (28), and what is not UTF-8 EILSEQ (25).
    @Test("A path that leads out of its folder is refused, through WASI and without")
    func escapes() async {
        await #expect(processExitsWith: .success) {
            let paths: [(path: String, number: Int32, answer: Answer)] = [
                ("..", 76, .ended(.denied)), ("../secret", 76, .ended(.denied)), ("/../secret", 76, .ended(.denied)),
                ("inner/../../secret", 76, .ended(.denied)), ("./../secret", 76, .ended(.denied)),
                ("inner/../../../../../etc/passwd", 76, .ended(.denied)), ("link/passwd", 76, .ended(.denied)),
                ("link", 76, .ended(.denied)), ("file/../../secret", 76, .ended(.denied)),
                ("inner//../../secret", 76, .ended(.denied)),
                // The capability's paths begin at the folder that was granted as "/", in which there is no such file.
                ("/etc/passwd", 76, .code(-1)), ("", 44, .code(-1)), ("file\0/../../secret", 28, .code(-7)),
                ("\u{FFFD}", 25, .ended(.badArgument)),
            ]
            try await withFolder { folder in
                let files = try FileAccess([try PreopenedFolder(folder, as: "/", access: .readWrite)])
                try await withstand { host in
                    let plugin = try await host.loadSuspendable(
                        .wat(naming), name: "hostile", granting: [WASI(files: files), files], limits: .patient)
                    let put = try plugin.function("put", taking: Int32.self, Int32.self)
                    let open = try plugin.function("open", taking: Int32.self, returning: Int32.self)
                    let read = try plugin.function("read", taking: Int32.self, returning: Int32.self)
                    return taking(paths) { path, number, answer in
                        // 0xFF is in no UTF-8.
                        let bytes = path == "\u{FFFD}" ? [0xFF, 0xFE] : Array(path.utf8)
                        for (index, byte) in bytes.enumerated() {
                            try await plugin.call(put, Int32(index), Int32(byte))
                        }
                        try #require(try await plugin.call(open, Int32(bytes.count)).value == number)
                        let answered: Answer
                        do throws(PluginError) {
                            answered = .code(try await plugin.call(read, Int32(bytes.count)).value)
                        } catch {
                            answered = .ended(error.code)
                        }
                        try #require(answered == answer)
                    }
                }
            }
        }
    }

    @Test("A flood of log messages writes no more than was granted")
    func log() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 300) { host in
                let written = Written()
                // Ten messages of 40 bytes and 64 each for what goes with them. What the time lets through is not looked at here.
                let log = AirlockCapabilities.Logging(
                    to: .writing { if $0.hasPrefix("aaaa") { written.messages.add(1, ordering: .relaxed) } },
                    limits: LogLimits(bytesPerMessage: 40, bytesPerCall: 1_040, bytesPerSecond: 1 << 40))
                let plugin = try await host.load(
                    .wat(logging), name: "hostile", granting: [log], limits: .scarceFuel(2_000))
                let flood = try plugin.function("flood")
                return {
                    let error = try await failure(.fuel) { try await plugin.call(flood) }
                    try #require(error.report?.logBytes == 1_040)
                    try #require(written.messages.exchange(0, ordering: .relaxed) == 10)
                }
            }
        }
    }

    @Test("A flood of keys ends at what its namespace may hold")
    func keys() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 300) { host in
                let store = InMemoryKeyValueStore()
                let grant = KeyValue(
                    store, namespace: KeyValueNamespace("hostile"), limits: KeyValueLimits(bytes: 10_000, keys: 50))
                let plugin = try await host.loadSuspendable(
                    .wat(storing), name: "hostile", granting: [grant], limits: .patient)
                let (flood, count) = (
                    try plugin.function("flood", returning: Int32.self),
                    try plugin.function("count", returning: Int64.self)
                )
                return {
                    // No room for another key.
                    try #require(try await plugin.call(flood).value == -4)
                    try #require(try await plugin.call(count).value == 50)
                }
            }
        }
    }
}

/// A folder with a file, a folder and a link out of it, next to a file that is out of reach.
private func withFolder(_ body: (String) async throws -> Void) async throws {
    let base = try TemporaryFolder()
    try base.makeFolder("granted/inner")
    try base.write("text", to: "granted/file")
    try base.write("secret", to: "secret")
    try base.link("granted/link", to: "/etc")
    try await body(base.at("granted"))
}

/// A subscription to a clock in an hour, as WASI preview 1 lays it out.
private let sleeping = #"""
    (module
      (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "sleep")
        (i32.store (i32.const 16) (i32.const 1))
        (i64.store (i32.const 24) (i64.const 3600000000000))
        (loop (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))) br 0)))
    """#

private func opening(_ path: String) -> String {
    let count = path.utf8.count - 2 * path.utf8.count(where: { $0 == UInt8(ascii: "\\") })
    return #"""
        (module
          (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 16) "\#(path)")
          (func $try (export "open") (result i32)
            (call $open (i32.const 3) (i32.const 1) (i32.const 16) (i32.const \#(count)) (i32.const 0) (i64.const 2) (i64.const 0)
              (i32.const 0) (i32.const 8)))
          (func (export "flood") (result i32) (local $number i32)
            (loop (br_if 0 (i32.eqz (local.tee $number (call $try))))) (local.get $number)))
        """#
}

/// Opens and reads the path that was put at address 1,024, byte by byte.
private let naming = #"""
    (module
      (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "airlock:files" "read" (func $read (param i32 i32 i64 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "put") (param $index i32) (param $byte i32)
        (i32.store8 offset=1024 (local.get $index) (local.get $byte)))
      (func (export "open") (param $count i32) (result i32)
        (call $open (i32.const 3) (i32.const 1) (i32.const 1024) (local.get $count) (i32.const 0) (i64.const 2) (i64.const 0)
          (i32.const 0) (i32.const 8)))
      (func (export "read") (param $count i32) (result i32)
        (call $read (i32.const 1024) (local.get $count) (i64.const 0) (i32.const 8192) (i32.const 100))))
    """#

/// How many of a guest's messages were written.
private final class Written: Sendable {
    let messages = Atomic<Int>(0)
}

private let logging = #"""
    (module
      (import "airlock:log" "write" (func $write (param i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "flood") (loop (drop (call $write (i32.const 4) (i32.const 0) (i32.const 30000))) br 0))
      (data (i32.const 0) "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))
    """#

private let storing = #"""
    (module
      (import "airlock:kv" "set" (func $set (param i32 i32 i32 i32 i64) (result i32)))
      (import "airlock:kv" "key-count" (func $count (result i64)))
      (memory (export "memory") 1)
      (func (export "count") (result i64) call $count)
      (func (export "flood") (result i32) (local $status i32)
        (loop
          (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
          (local.set $status (call $set (i32.const 0) (i32.const 4) (i32.const 64) (i32.const 100) (i64.const 0)))
          (br_if 0 (i32.eqz (local.get $status))))
        (local.get $status)))
    """#
