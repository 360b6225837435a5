import AirlockCapabilities
import AirlockSQLite
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Values in an SQLite file")
struct SQLiteKeyValueTests {
    private let cart = KeyValueNamespace("cart")
    private let ample = KeyValueLimits(bytes: .max, keys: .max, bytesPerKey: .max, bytesPerValue: .max)

    private func set(_ store: SQLiteKeyValueStore, _ key: String, _ value: String) async throws {
        let change = KeyValueChange.set(Array(key.utf8), to: Array(value.utf8))
        #expect(try await store.apply(change, in: cart, within: ample) == .done)
    }

    private func get(_ store: SQLiteKeyValueStore, _ key: String) async throws -> String? {
        try await store.value(of: Array(key.utf8), in: cart).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: [SQLiteKeyValueStore.Durability.process, .machine])
    func `values, lifetimes and accounts are there when the file is opened again`(
        durability: SQLiteKeyValueStore.Durability
    ) async throws {
        let folder = try TemporaryFolder()
        let time = SetTime()
        for round in 0..<3 {
            let store = try SQLiteKeyValueStore(
                path: folder.at("values"), durability: durability, now: { time.now })
            if round == 0 {
                try await set(store, "stays", "1")
                let change = KeyValueChange.set([1], to: [2], for: .milliseconds(1500))
                #expect(try await store.apply(change, in: cart, within: ample) == .done)
            }
            #expect(try await get(store, "stays") == "1")
            #expect(try await store.value(of: [1], in: cart) == (round < 2 ? [2] : nil))
            let usage = KeyValueUsage(bytes: round < 2 ? 8 : 6, keys: round < 2 ? 2 : 1)
            #expect(try await store.usage(of: cart) == usage)
            time.advance(by: .milliseconds(750))
        }
    }

    @Test func `two stores on one file see each other's changes`() async throws {
        let folder = try TemporaryFolder()
        let first = try SQLiteKeyValueStore(path: folder.at("values"), durability: .process)
        let second = try SQLiteKeyValueStore(path: folder.at("values"), durability: .process)
        try await set(first, "k", "1")
        #expect(try await get(second, "k") == "1")
        try await withThrowingTaskGroup { group in
            for (index, store) in [first, second].enumerated() {
                group.addTask {
                    for number in 0..<20 { try await set(store, "\(index)-\(number)", "x") }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await first.usage(of: cart).keys == 41)
        #expect(try await second.usage(of: cart).keys == 41)
    }

    @Test func `a new file is for its owner only`() async throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteKeyValueStore(path: folder.at("values"), durability: .process)
        try await set(store, "k", "1")
        for name in ["values", "values-wal", "values-shm"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.at(name))
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func `a file of something else is refused`() throws {
        let folder = try TemporaryFolder()
        let garbage = folder.at("garbage")
        try folder.write(String(repeating: "not a database ", count: 1000), to: "garbage")
        let error = #expect(throws: KeyValueError.self) { try SQLiteKeyValueStore(path: garbage) }
        #expect(error?.message.contains(garbage) == true)
        #expect(throws: KeyValueError.self) { try SQLiteKeyValueStore(path: folder.at("missing/values")) }
        #expect(throws: KeyValueError.self) { try SQLiteKeyValueStore(path: folder.path) }
    }

    @Test func `a change whose task was cancelled before it began leaves nothing behind`() async throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteKeyValueStore(path: folder.at("values"), durability: .process)
        let change = Task {
            // Safe: the task is used within the closure only.
            unsafe withUnsafeCurrentTask { task in unsafe task?.cancel() }
            return try await store.apply(.set([1], to: [2]), in: cart, within: ample)
        }
        await #expect(throws: KeyValueError.self) { try await change.value }
        #expect(try await store.usage(of: cart) == KeyValueUsage())
    }
}
