import AirlockCapabilities
import AirlockSQLite
import Foundation
import GRDB
import TestSupport
import Testing

/// Files that are not as the store left them. Each test that reads one runs in a process of its own, which must not end by it.
@Suite("Damaged SQLite files")
struct SQLiteDamageTests {
    @Test func `a file that is cut off is an error that names it, or what is left is right`() async throws {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let whole = try await filled(folder)
            var failures = 0
            for count in stride(from: 1, to: whole.count, by: 1500) {
                if try await use(Data(whole.prefix(count)), in: folder) { failures += 1 }
            }
            try #require(failures > 10)
        }
    }

    @Test func `a file with bytes of something else is an error that names it, or what is read makes sense`()
        async throws
    {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let whole = try await filled(folder)
            var random = Numbers(state: 7)
            var failures = 0
            for _ in 0..<50 {
                var damaged = whole
                for _ in 0..<random.next(40) + 1 {
                    // The first pages have the tables' definitions and the roots.
                    let end = random.next(3) == 0 ? whole.count : 5 * 4096
                    damaged[random.next(end)] = UInt8(random.next(256))
                }
                if try await use(damaged, in: folder) { failures += 1 }
            }
            try #require(failures > 10)
        }
    }

    @Test func `sums that cannot be right are an error, and no arithmetic`() async throws {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            _ = try await filled(folder)
            let path = folder.at("values")
            for sum in [Int64.max, -1, .min] {
                for column in ["bytes", "keys"] {
                    try await DatabaseQueue(path: path).write { database in
                        try database.execute(sql: "UPDATE namespace SET bytes = 1, keys = 1")
                        try database.execute(sql: "UPDATE namespace SET \(column) = ?", arguments: [sum])
                    }
                    let store = try SQLiteKeyValueStore(path: path, durability: .process)
                    let errors = [
                        await #expect(throws: KeyValueError.self) { try await store.usage(of: cart) },
                        await #expect(throws: KeyValueError.self) {
                            try await store.apply(.set([1], to: [2]), in: cart, within: ample)
                        },
                    ]
                    for error in errors { try #require(error?.message.contains(path) == true) }
                }
            }
        }
    }

    @Test func `a file that is cut off while it is open is an error that names it`() async throws {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            _ = try await filled(folder)
            let path = folder.at("values")
            let store = try SQLiteKeyValueStore(path: path, durability: .process)
            try #require(FileHandle(forWritingAtPath: path)).truncate(atOffset: 4096)
            let error = await #expect(throws: KeyValueError.self) { try await store.value(of: key(3), in: cart) }
            try #require(error?.message.contains(path) == true)
            let other = await #expect(throws: KeyValueError.self) {
                try await store.apply(.set(key(3), to: [1]), in: cart, within: ample)
            }
            try #require(other?.message.contains(path) == true)
        }
    }

    @Test func `a folder that is missing, is a file or takes no files is an error that names the file`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "file")
        // No user may make a file in /proc, whoever runs the tests.
        for path in [folder.at("missing/values"), folder.at("file/values"), "/proc/airlock-values"] {
            let error = #expect(throws: KeyValueError.self) { try SQLiteKeyValueStore(path: path) }
            #expect(error?.message.contains("'\(path)'") == true)
        }
    }

    @Test func `keys and values that are too large for SQLite are answers, whatever the limits`() async throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteKeyValueStore(path: folder.at("values"), durability: .process)
        let large = [UInt8](repeating: 1, count: SQLiteKeyValueStore.maximumBytes + 1)
        let (key, value) = (KeyValueChange.set(large, to: [1]), KeyValueChange.set([1], to: large))
        #expect(try await store.apply(key, in: cart, within: ample) == .keyTooLarge)
        #expect(try await store.apply(value, in: cart, within: ample) == .valueTooLarge)
        #expect(try await store.apply(.delete(large), in: cart, within: ample) == .absent)
        #expect(try await store.value(of: large, in: cart) == nil)
        #expect(try await store.keys(withPrefix: large, from: [], most: 1, in: cart).keys.isEmpty)
    }
}

private let cart = KeyValueNamespace("cart")
private let ample = KeyValueLimits(bytes: .max, keys: .max, bytesPerKey: .max, bytesPerValue: .max)

private func key(_ number: Int) -> [UInt8] { Array("key \(number)".utf8) }

/// Makes the file `values` in a folder, with a hundred keys of 300 bytes each.
/// - Returns: its bytes.
private func filled(_ folder: TemporaryFolder) async throws -> Data {
    let path = folder.at("values")
    try await fill(path)
    try #require(!folder.exists("values-wal"), "a store that is freed leaves all in the file")
    return try Data(contentsOf: URL(fileURLWithPath: path))
}

private func fill(_ path: String) async throws {
    let store = try SQLiteKeyValueStore(path: path, durability: .process)
    for number in 0..<100 {
        let value = [UInt8](repeating: UInt8(number), count: 300)
        try #require(try await store.apply(.set(key(number), to: value), in: cart, within: ample) == .done)
    }
}

/// Opens a damaged file and uses it in every way.
/// - Returns: whether something failed; each failure must name the file.
private func use(_ bytes: Data, in folder: TemporaryFolder) async throws -> Bool {
    let path = folder.at("damaged")
    for name in ["damaged-wal", "damaged-shm"] where folder.exists(name) {
        try FileManager.default.removeItem(atPath: folder.at(name))
    }
    try bytes.write(to: URL(fileURLWithPath: path))
    var failed = false
    func attempt(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as KeyValueError {
            try #require(error.message.contains(path), "\(error)")
            failed = true
        }
    }
    try await attempt {
        let store = try SQLiteKeyValueStore(path: path, durability: .process)
        try await attempt { _ = try await store.usage(of: cart) }
        for number in stride(from: 0, to: 100, by: 20) {
            try await attempt { _ = try await store.value(of: key(number), in: cart) }
            try await attempt { _ = try await store.apply(.delete(key(number)), in: cart, within: ample) }
        }
        try await attempt { _ = try await store.keys(withPrefix: [], from: [], most: 1000, in: cart) }
        try await attempt { _ = try await store.apply(.set([1], to: [2]), in: cart, within: ample) }
    }
    return failed
}

/// A generator with a fixed seed (the multiplier and the increment are those of Knuth's MMIX).
private struct Numbers {
    var state: UInt64

    /// A number from 0 to below `end`.
    mutating func next(_ end: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(end))
    }
}
