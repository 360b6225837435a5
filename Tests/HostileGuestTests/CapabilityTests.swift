import Airlock
import AirlockCapabilities
import AirlockHTTP
import AirlockTesting
import Foundation
import Logging
import Testing
import Wasmtime

@Suite("Hostile: standard capabilities")
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
                }
            }
        }
    }

    @Test("A guest that opens files until it may not leaves none open")
    func descriptors() async {
        await #expect(processExitsWith: .success) {
            try await withFolder { folder in
                let files = try FileAccess(
                    [try PreopenedFolder(folder, as: "/")], limits: FileLimits(openFiles: 16, openFilesInAll: 20))
                try await withstand(repetitions: 300) { host in
                    let plugin = try await host.loadSuspendable(
                        .wat(opening("file")), name: "hostile", granting: [WASI(files: files)], limits: .patient)
                    let flood = try plugin.function("flood")
                    return {
                        let error = try await failure(.trap) { try await plugin.call(flood) }
                        try #require(error.trap?.code == .unreachable)
                        let opened = try #require(error.report).hostCalls
                        // The one that failed, and at most as many before it as an instance may have open. What an instance before it
                        // had open may not be closed yet.
                        try #require((2...17).contains(opened))
                    }
                }
            }
        }
    }

    @Test(
        "A path that leads out of its folder is refused",
        arguments: [
            "..", "../secret", "/etc/passwd", "/../secret", "inner/../../secret", "inner/../../../../../etc/passwd",
            "./../secret", "link",
            "link/passwd", "file/../../secret", "", "inner//../../secret", "file\\00/../../secret", "\\ff\\fe",
        ])
    func escapes(path: String) async {
        await #expect(processExitsWith: .success) { [path] in
            try await withFolder { folder in
                let files = try FileAccess([try PreopenedFolder(folder, as: "/", access: .readWrite)])
                try await withstand(repetitions: 300) { host in
                    let plugin = try await host.loadSuspendable(
                        .wat(opening(path)), name: "hostile", granting: [WASI(files: files)], limits: .patient)
                    let open = try plugin.function("open", returning: Int32.self)
                    return { try #require(try await plugin.call(open).value != 0) }
                }
            }
        }
    }

    @Test("A flood of log messages writes no more than was granted")
    func log() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 300) { host in
                let log = AirlockCapabilities.Logging(
                    to: .dropping,
                    limits: LogLimits(bytesPerMessage: 100, bytesPerCall: 1_000, bytesPerSecond: 1 << 30))
                let plugin = try await host.load(
                    .wat(logging), name: "hostile", granting: [log], limits: .scarceFuel(2_000))
                let flood = try plugin.function("flood")
                return {
                    let error = try await failure(.fuel) { try await plugin.call(flood) }
                    // As much as messages of at most 100 bytes, and 64 for each, find room for.
                    let bytes = try #require(error.report).logBytes
                    try #require((900...1_000).contains(bytes), "\(bytes)")
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
                    try #require([-3, -4].contains(try await plugin.call(flood).value))
                    try #require((1...50).contains(try await plugin.call(count).value))
                }
            }
        }
    }

    @Test(
        "A request to a host that was not granted, by whatever spelling, is denied",
        arguments: [
            "http://127.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://2130706433/", "http://0x7f.1/",
            "http://localhost/",
            "https://api.example.com@127.0.0.1/", "https://api.example.com:443@evil.test/",
            "https://evil.test#@api.example.com/",
            "https://api.example.com.evil.test/", "https://API.EXAMPLE.COM.:444/", "http://api.example.com/",
            "file:///etc/passwd",
            "https://api.example.com\\\\@evil.test/", "https://evil.test\\?.api.example.com/",
            "gopher://api.example.com/", "//evil.test/",
        ])
    func egress(url: String) async {
        await #expect(processExitsWith: .success) { [url] in
            try await withstand(repetitions: 300) { host in
                var limits = HTTPEgressLimits()
                // What waits for a timeout is kept by the runtime until then, cancelled or not.
                limits.timeout = .milliseconds(50)
                let egress = HTTPEgress(
                    HTTPEgressClient(), rules: [try HTTPRule("https://api.example.com")], limits: limits)
                let plugin = try await host.loadSuspendable(
                    .wat(requesting(url)), name: "hostile", granting: [egress], limits: .patient)
                let send = try plugin.function("send", returning: Int32.self)
                return {
                    do {
                        // On a machine that is busy the time may pass before the rules are looked at.
                        try #require(try await plugin.call(send).value < 0)
                    } catch let error as PluginError {
                        try #require([.denied, .badArgument].contains(error.code), "\(error)")
                    }
                }
            }
        }
    }
}

/// A folder with a file, a folder and a link out of it, next to a file that is out of reach.
private func withFolder(_ body: (String) async throws -> Void) async throws {
    let base = NSTemporaryDirectory() + "airlock-hostile-\(ProcessInfo.processInfo.processIdentifier)"
    let folder = base + "/granted"
    try FileManager.default.createDirectory(atPath: folder + "/inner", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: base) }
    try Data("text".utf8).write(to: URL(fileURLWithPath: folder + "/file"))
    try Data("secret".utf8).write(to: URL(fileURLWithPath: base + "/secret"))
    try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "/etc")
    try await body(folder)
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
          (func (export "flood") (loop (br_if 0 (i32.eqz (call $try)))) unreachable))
        """#
}

private let logging = #"""
    (module
      (import "airlock:log" "write" (func $write (param i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "flood") (loop (drop (call $write (i32.const 4) (i32.const 0) (i32.const 30000))) br 0)))
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

private func requesting(_ url: String) -> String {
    func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    let texts = ["GET", url].flatMap { number($0.utf8.count) + Array($0.utf8) }
    let request = number(1) + number(0) + number(0) + texts + number(0) + number(0)
    let data = request.map { "\\" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    return #"""
        (module
          (import "airlock:http" "send" (func $send (param i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 16) "\#(data)")
          (func (export "send") (result i32) (call $send (i32.const 16) (i32.const \#(request.count)))))
        """#
}
