import AirlockCapabilities
import AirlockSQLite
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What is left of a store's file after a crash of its host.
///
/// These show that what was confirmed before the process died, or before the end of what reached the disk, is there, and nothing by
/// halves. They cannot show what a disk does that loses power, or that says it has written what it has not.
@Suite("Crashes of hosts with an SQLite file")
struct SQLiteCrashTests {
    @Test func `what was confirmed outlives a host that is killed while it writes`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.at("values")
        let confirmed = folder.at("confirmed")
        try folder.write("", to: "confirmed")
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, confirmed = confirmed as String] in
            let store = try SQLiteKeyValueStore(path: path, durability: .process)
            let notes = try #require(FileHandle(forWritingAtPath: confirmed))
            // Four writers, so that others are in the middle of a change when the last one of them kills them all.
            await withThrowingTaskGroup { group in
                for writer in 0..<4 {
                    group.addTask {
                        for number in 0... {
                            let key = Array("\(writer)-\(number)".utf8)
                            let change = KeyValueChange.set(key, to: value(of: key))
                            guard try await store.apply(change, in: cart, within: ample) == .done else {
                                return
                            }
                            try notes.write(contentsOf: Data(key + [0x0A]))
                            if writer == 3, number == 15 { kill(getpid(), SIGKILL) }
                        }
                    }
                }
            }
        }

        let store = try SQLiteKeyValueStore(path: path, durability: .process)
        let keys = try await store.keys(withPrefix: [], from: [], most: .max, in: cart).keys
        var bytes = 0
        for key in keys {
            let found = try await store.value(of: key, in: cart)
            #expect(found == value(of: key))
            bytes += key.count + (found?.count ?? 0)
        }
        let noted = try folder.read("confirmed").split(separator: "\n").map { Array($0.utf8) }
        #expect(noted.count >= 16)
        #expect(Set(noted).isSubset(of: Set(keys)))
        // Each writer had one change at a time under way.
        #expect(keys.count <= noted.count + 4)
        #expect(try await store.usage(of: cart) == KeyValueUsage(bytes: bytes, keys: keys.count))
        #expect(try await store.apply(.set([1], to: [2]), in: cart, within: ample) == .done)
    }

    @Test func `a log that breaks off anywhere leaves the changes before that point, each of them whole`() async throws
    {
        let folder = try TemporaryFolder()
        let store = try SQLiteKeyValueStore(path: folder.at("values"), durability: .process)
        let count = 12
        for number in 0..<count {
            // Three changes of one kind each: a new key, a new value of the key before, a deletion of the one before that.
            let key: [UInt8] = [UInt8(number)]
            #expect(
                try await store.apply(.set(key, to: value(of: key)), in: cart, within: ample) == .done)
            if number >= 2 {
                #expect(try await store.apply(.delete([UInt8(number - 2)]), in: cart, within: ample) == .done)
            }
        }
        let log = try Data(contentsOf: URL(fileURLWithPath: folder.at("values-wal")))
        #expect(log.count > 100_000, "the changes should still be in the log only")

        var seen: Set<Int> = []
        for step in 0...60 {
            let end = step == 60 ? log.count : log.count * step / 60 + step % 7
            let name = "cut-\(step)"
            try FileManager.default.copyItem(atPath: folder.at("values"), toPath: folder.at(name))
            try log.prefix(end).write(to: URL(fileURLWithPath: folder.at("\(name)-wal")))
            let cut = try SQLiteKeyValueStore(path: folder.at(name), durability: .process)
            let keys = try await cut.keys(withPrefix: [], from: [], most: 100, in: cart).keys
            var bytes = 0
            for key in keys {
                let found = try await cut.value(of: key, in: cart)
                #expect(found == value(of: key))
                bytes += 1 + (found?.count ?? 0)
            }
            // The state after some change: neighbours, at most three, the last of them the newest.
            #expect(keys.count <= 3)
            #expect(zip(keys, keys.dropFirst()).allSatisfy { $0[0] + 1 == $1[0] })
            #expect(try await cut.usage(of: cart) == KeyValueUsage(bytes: bytes, keys: keys.count))
            seen.insert(Int(keys.last?.first ?? 0))
        }
        #expect(seen.contains(count - 1))
        #expect(seen.count > count / 2, "the cuts should fall between many changes")
    }
}

private let cart = KeyValueNamespace("cart")
private let ample = KeyValueLimits(bytes: .max, keys: .max, bytesPerValue: .max)

/// A value over several pages of the file, told by its key.
private func value(of key: [UInt8]) -> [UInt8] {
    Array(repeatElement(key, count: 10_000 / key.count).joined())
}
