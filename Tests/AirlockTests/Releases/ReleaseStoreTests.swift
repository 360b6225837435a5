import Airlock
import Foundation
import TestSupport
import Testing

@Suite("Store of releases")
struct ReleaseStoreTests {
    @Test("What was saved is there when the folder is opened again")
    func reopened() async throws {
        try await withTemporaryFolder { folder in
            let (one, two) = (try module("one"), try module("two"))
            var record = ReleaseRecord()
            record.promote(one.digest)
            record.promote(two.digest)
            record.quarantine(String(repeating: "a", count: 64), reason: "too many traps\n")
            do {
                let store = try ReleaseStore(folder: "\(folder)/releases")
                #expect(try store.record(of: "cart") == ReleaseRecord())
                try store.save(record, of: "cart", keeping: [one, two])
            }
            let store = try ReleaseStore(folder: "\(folder)/releases")
            let found = try store.record(of: "cart")
            #expect(found == record)
            #expect(found.promoted == two.digest && found.kept == [one.digest])
            #expect(found.quarantine(of: String(repeating: "a", count: 64))?.reason == "too many traps\\n")
            #expect(try store.bytes(of: two.digest, atMost: 3) == Array("two".utf8))
            #expect(try store.bytes(of: one.digest, atMost: 100) == Array("one".utf8))
            #expect(try store.record(of: "other") == ReleaseRecord())
        }
    }

    @Test("A manifest is kept to the byte with the promoted module, and gone with the next one that has none")
    func manifests() async throws {
        try await withTemporaryFolder { folder in
            let store = try ReleaseStore(folder: folder)
            let one = try module("one")
            let texts = [
                "", "name: \u{1F600}\r\n\0\t\"\\ e\u{301} \u{E9}", String(repeating: "\u{1}", count: 64 << 10),
            ]
            let manifests = texts.map { KeptManifest.file(path: "/a \"b\"/plugin.yaml", text: $0) }
            for manifest in manifests + [.absent, .module, .given] {
                var record = ReleaseRecord()
                record.promote(one.digest, manifest: manifest)
                for index in 0..<64 { record.quarantine(digest(index), reason: String(repeating: "\"", count: 1_000)) }
                try store.save(record, of: "cart", keeping: [one])
                let found = try store.record(of: "cart").promotedManifest
                #expect(found == manifest)
                if case .file(_, let text)? = found, case .file(_, let before) = manifest {
                    #expect(Array(text.utf8) == Array(before.utf8))
                }
                record.promote(one.digest)
                try store.save(record, of: "cart")
                #expect(try store.record(of: "cart").promotedManifest == nil)
            }
            var record = ReleaseRecord()
            record.promote(
                one.digest, manifest: .file(path: "a", text: String(repeating: "x", count: (64 << 10) + 4_096)))
            let error = #expect(throws: PluginError.self) { try store.save(record, of: "cart") }
            #expect(error?.message.contains("at most 69632 bytes of a manifest and its path") == true)
        }
    }

    @Test("The folder and its files can be used by their owner only")
    func ownerOnly() async throws {
        try await withTemporaryFolder { folder in
            let store = try ReleaseStore(folder: "\(folder)/releases")
            try store.save(ReleaseRecord(), of: "cart")
            #expect(try permissions(of: store.folder) == 0o700)
            for name in try files(in: store.folder) {
                #expect(try permissions(of: "\(store.folder)/\(name)") == 0o600)
            }
        }
    }

    @Test("A folder that others may write is refused", arguments: [0o720, 0o702, 0o777])
    func writable(mode: Int) async throws {
        try await withTemporaryFolder { folder in
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder)
            let error = #expect(throws: PluginError.self) { try ReleaseStore(folder: folder) }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains("others may write the folder of releases '\(folder)'") == true)
        }
    }

    @Test("A path that is no folder, or holds a zero byte, is refused")
    func noFolder() async throws {
        try await withTemporaryFolder { folder in
            try Data().write(to: URL(filePath: "\(folder)/file"))
            for path in ["\(folder)/file", "\(folder)/a\0b", ""] {
                let error = #expect(throws: PluginError.self) { try ReleaseStore(folder: path) }
                #expect(error?.code == .configuration)
            }
            #expect(try files(in: folder) == ["file"])
        }
    }

    @Test("A second store of a folder is refused until the first is let go")
    func secondStore() async throws {
        try await withTemporaryFolder { folder in
            do {
                let store = try ReleaseStore(folder: folder)
                let error = #expect(throws: PluginError.self) { try ReleaseStore(folder: folder) }
                #expect(error?.code == .configuration)
                #expect(error?.message.contains("'\(folder)' is in use by another host") == true)
                try store.save(ReleaseRecord(), of: "cart")
            }
            _ = try ReleaseStore(folder: folder)
        }
    }

    @Test("Each name of a plugin has a record of its own, in the folder")
    func hostileNames() async throws {
        try await withTemporaryFolder { parent in
            let folder = "\(parent)/releases"
            let names = [
                "", ".", "..", "/", "../cart", "/etc/passwd", "cart", "CART", "cart.json", "cart\0", "lock", "a/b",
                "a\\b",
                "\u{E9}", "e\u{301}", "\u{202E}cart", "\"},{", "\n", String(repeating: "x", count: 100_000),
                String(repeating: "x", count: 100_001),
            ]
            func record(_ index: Int) -> ReleaseRecord {
                var record = ReleaseRecord()
                record.quarantine(digest(index), reason: "\(index)")
                return record
            }
            let store = try ReleaseStore(folder: folder)
            for (index, name) in names.enumerated() { try store.save(record(index), of: name) }
            for (index, name) in names.enumerated() {
                let found = try store.record(of: name)
                #expect(found.quarantined.map(\.reason) == ["\(index)"])
            }
            #expect(try files(in: folder).count == names.count + 1)
            #expect(try files(in: parent) == ["releases"])
        }
    }

    @Test("Manifests stay with the versions that served, and of too many bytes those of the oldest are let go")
    func manifestsOfKept() async throws {
        try await withTemporaryFolder { folder in
            let store = try ReleaseStore(folder: folder)
            let modules = try (0..<10).map { try module("\($0)") }
            // What takes the most room as JSON.
            func manifest(_ index: Int) -> KeptManifest {
                .file(path: "\(index)", text: String(repeating: "\u{1}", count: 64 << 10))
            }
            var record = ReleaseRecord()
            for (index, module) in modules.enumerated() { record.promote(module.digest, manifest: manifest(index)) }
            try store.save(record, of: "cart", keeping: modules)
            let found = try store.record(of: "cart")
            #expect(found == record)
            #expect(modules.map { found.manifests[$0.digest] } == (0..<10).map { $0 < 3 ? nil : manifest($0) })
            record.promote(modules[8].digest, manifest: .module)
            #expect(record.manifests[modules[9].digest] == manifest(9))
            record.letGo { $0 == modules[9].digest }
            #expect(record.manifests[modules[9].digest] == nil)
        }
    }

    @Test("Of too many quarantined and kept digests the oldest are let go, and reasons are cut")
    func bounded() async throws {
        try await withTemporaryFolder { folder in
            let store = try ReleaseStore(folder: folder)
            var record = ReleaseRecord()
            // What takes the most room as JSON.
            for index in 0..<100 { record.quarantine(digest(index), reason: String(repeating: "\"", count: 5_000)) }
            let modules = try (0..<100).map { try module("\($0)") }
            for module in modules { record.keep(module.digest) }
            record.promote(modules[99].digest)
            try store.save(record, of: String(repeating: "\"", count: 5_000), keeping: modules)
            let found = try store.record(of: String(repeating: "\"", count: 5_000))
            #expect(found == record)
            #expect(found.quarantined.map(\.digest) == (36..<100).map(digest))
            #expect(found.quarantined.allSatisfy { $0.reason.utf8.count == 1_000 })
            #expect(found.kept == [])
            #expect(found.made == modules[36..<99].reversed().map(\.digest))
            for module in modules { record.promote(module.digest) }
            #expect(record.made == [])
            #expect(record.kept == modules[35..<99].reversed().map(\.digest))
            try store.save(record, of: "served")
            #expect(try store.record(of: "served") == record)
        }
    }

    @Test("A digest is promoted, kept, let go, quarantined and readmitted")
    func changes() {
        var record = ReleaseRecord()
        record.promote(digest(1))
        record.promote(digest(1))
        #expect(record.promoted == digest(1) && record.kept == [])
        record.promote(digest(2))
        record.promote(digest(3))
        #expect(record.kept == [digest(2), digest(1)])
        // Back to an earlier one.
        record.promote(digest(1))
        #expect(record.promoted == digest(1) && record.kept == [digest(3), digest(2)])
        record.letGo { $0 == digest(3) || $0 == digest(1) }
        record.keep(digest(1))
        record.keep(digest(2))
        #expect(record.promoted == digest(1) && record.kept == [digest(2)] && record.made == [])
        record.keep(digest(5))
        record.keep(digest(6))
        #expect(record.made == [digest(6), digest(5)])
        record.promote(digest(5))
        #expect(record.kept == [digest(1), digest(2)] && record.made == [digest(6)])
        record.letGo { $0 == digest(6) }
        #expect(record.made == [])

        let time = Date(timeIntervalSince1970: 1_000.75)
        record.quarantine(digest(3), reason: "first")
        record.quarantine(digest(4), reason: "other")
        record.quarantine(digest(3), reason: "again", at: time)
        #expect(record.quarantined.map(\.digest) == [digest(4), digest(3)])
        #expect(record.quarantine(of: digest(3))?.reason == "again")
        #expect(record.quarantine(of: digest(3))?.since == Date(timeIntervalSince1970: 1_000))
        record.readmit(digest(3))
        #expect(record.quarantine(of: digest(3)) == nil && record.quarantine(of: digest(4)) != nil)
    }

    @Test("A record is not saved that names what is no digest, or a module that is not kept")
    func refusedRecords() async throws {
        try await withTemporaryFolder { folder in
            let store = try ReleaseStore(folder: folder)
            let wrong = ["", "../../etc/passwd", digest(1).uppercased(), digest(1) + "0", digest(1)]
            for digest in wrong {
                var record = ReleaseRecord()
                record.promote(digest)
                let error = #expect(throws: PluginError.self) { try store.save(record, of: "cart") }
                #expect(error?.code == .storage && error?.plugin == "cart")
            }
            #expect(try store.record(of: "cart") == ReleaseRecord())
            #expect(try store.bytes(of: "../lock", atMost: 100) == nil)
        }
    }

    @Test("What a killed process did not complete is removed, and nothing else")
    func leftovers() async throws {
        try await withTemporaryFolder { folder in
            for name in [".new-\(UUID().uuidString)", ".new-x", ".newer", "notes.txt"] {
                try Data("half".utf8).write(to: URL(filePath: "\(folder)/\(name)"))
            }
            let store = try ReleaseStore(folder: folder)
            #expect(try files(in: folder) == [".newer", "lock", "notes.txt"])
            try store.prune()
            #expect(try files(in: folder) == [".newer", "lock", "notes.txt"])
        }
    }
}

func module(_ text: String) throws -> ModuleBytes {
    try ModuleBytes(.bytes(Array(text.utf8)), most: .max)
}

private func digest(_ index: Int) -> String {
    let digits = String(index, radix: 16)
    return String(repeating: "0", count: 64 - digits.count - 1) + "f" + digits
}

func files(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

private func permissions(of path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
}
