import Airlock
import AirlockCapabilities
import AirlockSQLite
import AirlockTesting
import Foundation
import TestSupport
import Testing

/// What survives a loss of power is nothing that these tests can see, and would have them wait for the disk.
@Suite("Hostile: keys and values in an SQLite file", .hostile)
struct SQLiteTests {
    @Test("A flood of keys ends at what its namespace may hold, and the file stays small")
    func flood() async {
        await #expect(processExitsWith: .success) {
            try await withFile { path in
                let store = try SQLiteKeyValueStore(path: path, durability: .process)
                let neighbour = KeyValueNamespace("neighbour")
                let kept = KeyValueChange.set([1], to: [2])
                try #require(try await store.apply(kept, in: neighbour, within: KeyValueLimits()) == .done)
                // Few keys: each is a transaction in each of the repetitions.
                let limits = KeyValueLimits(bytes: 10_000, keys: 8)
                try await withstand { host in
                    let plugin = try await host.loadSuspendable(
                        .wat(guest), name: "hostile", granting: [grant(store, "hostile", limits)], limits: .patient)
                    let flood = try plugin.function("flood", returning: Int32.self)
                    return {
                        try #require(try await plugin.call(flood).value == -4)
                        let usage = try await store.usage(of: KeyValueNamespace("hostile"))
                        try #require(usage == KeyValueUsage(bytes: 8 * 104, keys: 8))
                        try #require(try await store.value(of: [1], in: neighbour) == [2])
                    }
                }
                // The log is emptied into the file when it has 1,000 pages of 4 KiB.
                for name in [path, path + "-wal"] {
                    let size = try FileManager.default.attributesOfItem(atPath: name)[.size] as? Int
                    try #require(size ?? .max < 8 << 20)
                }
            }
        }
    }

    @Test("Keys and values of the largest sizes are refused, by code or as forged")
    func sizes() async {
        await #expect(processExitsWith: .success) {
            try await withFile { path in
                let store = try SQLiteKeyValueStore(path: path, durability: .process)
                let limits = KeyValueLimits(bytesPerKey: 64, bytesPerValue: 10_000)
                try await withstand { host in
                    let plugin = try await host.loadSuspendable(
                        .wat(guest), name: "hostile", granting: [grant(store, "hostile", limits)], limits: .patient)
                    let huge = try plugin.function("huge", returning: Int32.self)
                    let forged = try plugin.function("forged", taking: Int32.self, returning: Int32.self)
                    return {
                        try #require(try await plugin.call(huge).value == 5)
                        for which: Int32 in 0..<3 {
                            _ = try await failure(.badArgument) { _ = try await plugin.call(forged, which) }
                        }
                        let usage = try await store.usage(of: KeyValueNamespace("hostile"))
                        try #require(usage == KeyValueUsage())
                    }
                }
            }
        }
    }

    @Test("Keys of any bytes are kept as they are, and found by themselves as a prefix")
    func bytes() async {
        await #expect(processExitsWith: .success) {
            try await withFile { path in
                let store = try SQLiteKeyValueStore(path: path, durability: .process)
                // A repetition is three transactions for each key.
                try await withstand(repetitions: 300) { host in
                    let name = "hostile\0'; DROP TABLE entry; --"
                    let plugin = try await host.loadSuspendable(
                        .wat(guest), name: "hostile", granting: [grant(store, name)], limits: .patient)
                    let bytes = try plugin.function("bytes", returning: Int32.self)
                    return {
                        try #require(try await plugin.call(bytes).value == Int32(5 * hostileKeys.count))
                        try #require(try await store.usage(of: KeyValueNamespace(name)) == KeyValueUsage())
                        try #require(try await store.usage(of: KeyValueNamespace("hostile")) == KeyValueUsage())
                    }
                }
            }
        }
    }

    @Test("A guest whose file is damaged ends with an error that names it")
    func damage() async {
        await #expect(processExitsWith: .success) {
            try await withFile { path in
                try await fill(path)
                var file = try Data(contentsOf: URL(fileURLWithPath: path))
                var random = SplitMix(seed: 1)
                // The first page says that it is a file of the store.
                for index in 4096..<file.count { file[index] = UInt8.random(in: 0...255, using: &random) }
                try file.write(to: URL(fileURLWithPath: path))
                let store = try SQLiteKeyValueStore(path: path, durability: .process)
                try await withstand { host in
                    let plugin = try await host.loadSuspendable(
                        .wat(guest), name: "hostile", granting: [grant(store, "hostile")], limits: .patient)
                    let (flood, count) = (
                        try plugin.function("flood", returning: Int32.self),
                        try plugin.function("count", returning: Int64.self)
                    )
                    return {
                        let errors = [
                            try await failure(.hostError) { _ = try await plugin.call(flood) },
                            try await failure(.hostError) { _ = try await plugin.call(count) },
                        ]
                        for error in errors { try #require(error.message.contains(path), "\(error)") }
                    }
                }
            }
        }
    }
}

private func grant(
    _ store: SQLiteKeyValueStore, _ namespace: String, _ limits: KeyValueLimits = KeyValueLimits()
) -> KeyValue {
    KeyValue(store, namespace: KeyValueNamespace(namespace), limits: limits)
}

private func withFile(_ body: (String) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    try await body(folder.at("values"))
}

/// Makes a file of a store, with values in the guest's namespace.
private func fill(_ path: String) async throws {
    let store = try SQLiteKeyValueStore(path: path, durability: .process)
    for number: UInt8 in 0..<100 {
        let change = KeyValueChange.set([number], to: [UInt8](repeating: number, count: 1000))
        try #require(
            try await store.apply(change, in: KeyValueNamespace("hostile"), within: KeyValueLimits()) == .done)
    }
}

/// Nothing, NUL bytes, the highest bytes, what is not UTF-8, and what is SQL.
private let hostileKeys: [[UInt8]] = [
    [], [0], [0, 0, 0], [UInt8](repeating: 0xFF, count: 64), [0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0x61, 0, 0x62],
    Array("'; DROP TABLE entry; --".utf8), Array("%_*?".utf8), [0x61] + [0xFF, 0xFE],
]

private let guest: String = {
    func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    func escaped(_ bytes: [UInt8]) -> String {
        bytes.map { "\\" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
    var (table, keys): ([UInt8], [UInt8]) = ([], [])
    for key in hostileKeys {
        table += number(1024 + keys.count) + number(key.count)
        keys += key
    }
    return #"""
        (module
          (import "airlock:kv" "set" (func $set (param i32 i32 i32 i32 i64) (result i32)))
          (import "airlock:kv" "get" (func $get (param i32 i32 i32 i32) (result i32)))
          (import "airlock:kv" "delete" (func $delete (param i32 i32) (result i32)))
          (import "airlock:kv" "compare-and-swap" (func $swap (param i32 i32 i32 i32 i32 i32 i64) (result i32)))
          (import "airlock:kv" "list" (func $list (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
          (import "airlock:kv" "key-count" (func $count (result i64)))
          (memory (export "memory") 1)
          (data (i32.const 16) "\#(escaped(table))")
          (data (i32.const 1024) "\#(escaped(keys))")
          (func (export "count") (result i64) call $count)
          ;; Sets one key after the other until the host says no.
          (func (export "flood") (result i32) (local $key i32) (local $status i32)
            (loop
              (i32.store (i32.const 0) (local.tee $key (i32.add (local.get $key) (i32.const 1))))
              (local.set $status (call $set (i32.const 0) (i32.const 4) (i32.const 64) (i32.const 100) (i64.const 0)))
              (br_if 0 (i32.eqz (local.get $status))))
            (local.get $status))
          ;; Counts the answers that are right.
          (func (export "huge") (result i32)
            (i32.eq (i32.const -6) (call $set (i32.const 0) (i32.const 16) (i32.const 0) (i32.const 60000) (i64.const 0)))
            (i32.eq (i32.const -5) (call $set (i32.const 0) (i32.const 60000) (i32.const 0) (i32.const 16) (i64.const 0)))
            (i32.eq (i32.const -1) (call $swap (i32.const 0) (i32.const 16) (i32.const 0) (i32.const 60000) (i32.const 0)
              (i32.const 16) (i64.const 0)))
            (i32.eq (i32.const 8) (call $list (i32.const 0) (i32.const 60000) (i32.const 0) (i32.const 0) (i32.const -1)
              (i32.const 61000) (i32.const 4000)))
            (i32.eq (i32.const 8) (call $list (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 60000) (i32.const -1)
              (i32.const 61000) (i32.const 4000)))
            i32.add i32.add i32.add i32.add)
          ;; Lengths that reach far out of the memory.
          (func (export "forged") (param i32) (result i32)
            (if (i32.eqz (local.get 0))
              (then (return (call $set (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 16) (i64.const 0)))))
            (if (i32.eq (local.get 0) (i32.const 1))
              (then (return (call $set (i32.const 0) (i32.const 16) (i32.const 1) (i32.const -1) (i64.const 0)))))
            (call $list (i32.const 8) (i32.const -8) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 9)))
          ;; Sets each key to itself, reads it, lists by it, deletes it, and counts the answers that are right.
          (func (export "bytes") (result i32) (local $entry i32) (local $key i32) (local $length i32) (local $good i32)
            (local.set $entry (i32.const 16))
            (loop
              (local.set $key (i32.load (local.get $entry)))
              (local.set $length (i32.load offset=4 (local.get $entry)))
              (local.set $good (i32.add (local.get $good)
                (i32.eqz (call $set (local.get $key) (local.get $length) (local.get $key) (local.get $length) (i64.const 0)))))
              (local.set $good (i32.add (local.get $good)
                (i32.eq (local.get $length)
                  (call $get (local.get $key) (local.get $length) (i32.const 8192) (i32.const 4096)))))
              (local.set $good (i32.add (local.get $good)
                (i32.gt_s (call $list (local.get $key) (local.get $length) (i32.const 0) (i32.const 0) (i32.const 10)
                  (i32.const 16384) (i32.const 4096)) (i32.const 8))))
              (local.set $good (i32.add (local.get $good)
                (i32.eqz (call $delete (local.get $key) (local.get $length)))))
              (local.set $good (i32.add (local.get $good)
                (i32.eq (i32.const -1)
                  (call $get (local.get $key) (local.get $length) (i32.const 8192) (i32.const 4096)))))
              (br_if 0 (i32.lt_u (local.tee $entry (i32.add (local.get $entry) (i32.const 8)))
                (i32.const \#(16 + table.count)))))
            (local.get $good)))
        """#
}()
