import Airlock
import Foundation
import TestSupport
import Testing

@Suite("Damaged files in a store of releases")
struct ReleaseDamageTests {
    /// A record's file, and what its error must say.
    struct Damage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (String) -> String
        let message: String

        init(_ name: String, _ message: String, _ change: @escaping @Sendable (String) -> String) {
            testDescription = name
            self.message = message
            self.change = change
        }
    }

    static let damages = [
        Damage("empty", "expected JSON, found an empty file") { _ in "" },
        Damage("cut off", "expected a record of releases as JSON, found") { String($0.dropLast(20)) },
        Damage("something else", "expected a record of releases as JSON, found") { _ in "[1, 2]" },
        Damage("zero bytes", "expected a record of releases as JSON, found") { _ in String(repeating: "\0", count: 512)
        },
        Damage("another format", "expected a format from 1 to 2, found 3") {
            $0.replacing("\"format\" : 1", with: "\"format\" : 3")
        },
        Damage("no format", "No value associated with key") { $0.replacing("\"format\"", with: "\"formal\"") },
        Damage("another plugin's", "expected the record of 'cart', found that of 'card'") {
            $0.replacing("\"cart\"", with: "\"card\"")
        },
        Damage("no digest", "expected digests of 64 lower-case hexadecimal digits, found '../../x'") {
            $0.replacing(/[0-9a-f]{64}/, with: "../../x")
        },
        Damage("a time that is none", "at 'quarantined.") { $0.replacing("1970", with: "today") },
        Damage("too large", "expected at most 4194304 bytes, found more") {
            $0 + String(repeating: " ", count: 4 << 20)
        },
        Damage("too many", "expected at most 64 kept digests, found 65") {
            let digest = "\"\(String(repeating: "0", count: 64))\""
            return $0.replacing("[\n\n  ]", with: "[\(Array(repeating: digest, count: 65).joined(separator: ", "))]")
        },
        Damage(
            "a manifest without its text", "expected the path and the text of a manifest that was a file, found less"
        ) {
            $0.replacing("{\n  \"format\" : 1", with: "{\n  \"manifest\" : {\"place\": \"file\"}, \"format\" : 2")
        },
        Damage("a manifest of nowhere", "expected a record of releases as JSON, found at 'manifest.place'") {
            $0.replacing("{\n  \"format\" : 1", with: "{\n  \"manifest\" : {\"place\": \"here\"}, \"format\" : 2")
        },
        Damage("deep", "expected a record of releases as JSON, found") { _ in String(repeating: "[", count: 100_000) },
    ]

    @Test("A damaged record is an error that names the file, and deletes nothing", arguments: damages)
    func damagedRecord(damage: Damage) async throws {
        try await withTemporaryFolder { folder in
            let store = try ReleaseStore(folder: folder)
            let file = try save(in: store)
            let whole = try String(contentsOfFile: file, encoding: .utf8)
            let changed = damage.change(whole)
            try #require(changed != whole)
            try Data(changed.utf8).write(to: URL(filePath: file))

            let before = try files(in: folder)
            for error in [
                #expect(throws: PluginError.self) { try store.record(of: "cart") },
                damage.testDescription == "another plugin's"
                    ? nil : #expect(throws: PluginError.self) { try store.prune() },
            ].compactMap(\.self) {
                #expect(error.code == .storage)
                #expect(error.message.contains("'\(file)' is damaged: "), "\(error)")
                #expect(error.message.contains(damage.message), "\(error)")
                #expect(error.message.utf8.count < 1_000)
            }
            #expect(try files(in: folder) == before)

            // Whoever saves has decided what is right.
            try store.save(ReleaseRecord(), of: "cart")
            #expect(try store.record(of: "cart") == ReleaseRecord())
        }
    }

    @Test("A folder, a link or a pipe in a record's place is an error, and no module is deleted then", arguments: 0..<3)
    func noFile(kind: Int) async throws {
        try await withTemporaryFolder { folder in
            let store = try ReleaseStore(folder: folder)
            let file = try save(in: store)
            try FileManager.default.moveItem(atPath: file, toPath: "\(folder)/moved")
            switch kind {
            case 0: try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
            case 1: try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: "moved")
            // Safe: the path is read during the call only.
            default: #expect(unsafe mkfifo(file, 0o600) == 0)
            }
            let before = try files(in: folder)
            for error in [
                #expect(throws: PluginError.self) { try store.record(of: "cart") },
                #expect(throws: PluginError.self) { try store.prune() },
            ] {
                #expect(error?.code == .storage)
                #expect(error?.message.contains(file) == true)
            }
            #expect(try files(in: folder) == before)
        }
    }

    @Test("A kept module with other bytes is refused, and kept anew by the next save that has it")
    func damagedModule() async throws {
        try await withTemporaryFolder { folder in
            let store = try ReleaseStore(folder: folder)
            try save(in: store)
            let one = try module("one")
            let file = "\(folder)/\(one.digest).wasm"
            for bytes in ["onf", "on", "one ", ""] {
                try Data(bytes.utf8).write(to: URL(filePath: file))
                let error = #expect(throws: PluginError.self) { try store.bytes(of: one.digest, atMost: 100) }
                #expect(error?.code == .digestMismatch)
                #expect(
                    error?.message.contains(file) == true && error?.message.contains("expected \(one.digest)") == true)
                try store.save(store.record(of: "cart"), of: "cart", keeping: [one])
                #expect(try store.bytes(of: one.digest, atMost: 100) == one.bytes)
            }
        }
    }

    @Test("A kept module is read up to the given size, and one that is not kept is none")
    func sizes() async throws {
        try await withTemporaryFolder { folder in
            let store = try ReleaseStore(folder: folder)
            try save(in: store)
            let one = try module("one")
            #expect(try store.bytes(of: one.digest, atMost: .max) == one.bytes)
            #expect(try store.bytes(of: one.digest, atMost: 3) == one.bytes)
            for most in [2, 0, -1] {
                let error = #expect(throws: PluginError.self) { try store.bytes(of: one.digest, atMost: most) }
                #expect(error?.code == .moduleBounds && error?.used == 3 && error?.limit == UInt64(max(0, most)))
            }
            #expect(try store.bytes(of: module("two").digest, atMost: .max) == nil)
        }
    }

    @Test("Modules are deleted when no record names them any more")
    func pruning() async throws {
        try await withTemporaryFolder { folder in
            let store = try ReleaseStore(folder: folder)
            let (one, two) = (try module("one"), try module("two"))
            var record = ReleaseRecord()
            record.promote(one.digest)
            try store.save(record, of: "a", keeping: [one])
            record.keep(two.digest)
            try store.save(record, of: "b", keeping: [one, two])
            func kept() throws -> [[UInt8]] {
                try store.prune()
                return try [one, two].compactMap { try store.bytes(of: $0.digest, atMost: 100) }
            }
            #expect(try kept() == [one.bytes, two.bytes])
            try store.save(ReleaseRecord(), of: "a")
            #expect(try kept() == [one.bytes, two.bytes])
            record.promote(two.digest)
            record.letGo { $0 == one.digest }
            try store.save(record, of: "b")
            #expect(try kept() == [two.bytes])
            try store.save(ReleaseRecord(), of: "b")
            #expect(try kept() == [])
        }
    }

    /// Saves a record with one of everything, and says where.
    @discardableResult
    private func save(in store: ReleaseStore) throws -> String {
        let one = try module("one")
        var record = ReleaseRecord()
        record.promote(one.digest)
        record.quarantine(one.digest, reason: "why", at: Date(timeIntervalSince1970: 0))
        try store.save(record, of: "cart", keeping: [one])
        let name = try #require(try files(in: store.folder).first { $0.hasSuffix(".json") })
        return "\(store.folder)/\(name)"
    }
}
