import Airlock
import AirlockCapabilities
import Testing

/// The same for both stores, each through its own API and through a guest.
@Suite("Key-value stores")
struct KeyValueTests {
    @Test(arguments: KeyValueSetting.all)
    func `values are set, read, replaced and deleted`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            let cart = try await bench.use()
            #expect(try await cart.get("apple") == nil)
            #expect(try await cart.delete("apple") == -1)
            #expect(try await cart.set("apple", "red") == 0)
            #expect(try await cart.get("apple") == "red")
            #expect(try await cart.set("apple", "green and larger") == 0)
            #expect(try await cart.get("apple") == "green and larger")
            #expect(try await cart.usage() == KeyValueUsage(bytes: 21, keys: 1))
            #expect(try await cart.delete("apple") == 0)
            #expect(try await cart.get("apple") == nil)
            #expect(try await cart.usage() == KeyValueUsage())
        }
    }

    @Test(arguments: KeyValueSetting.all)
    func `keys and values are bytes, and may be empty`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            let cart = try await bench.use()
            let keys: [[UInt8]] = [
                [], [0], [0, 0], Array(0...255), [0xFF], Array("'; DROP TABLE entry; --".utf8), Array("%_".utf8),
                Array("caf\u{E9}".utf8), Array("cafe\u{301}".utf8), Array("A".utf8), Array("a".utf8),
            ]
            for (index, key) in keys.enumerated() {
                #expect(try await cart.set(key, [UInt8(index)] + key, lifetime: 0) == 0)
            }
            for (index, key) in keys.enumerated() {
                #expect(try await cart.get(key) == [UInt8(index)] + key)
            }
            #expect(try await cart.keys() == keys.sorted { $0.lexicographicallyPrecedes($1) })
            #expect(try await cart.set("empty", "") == 0)
            #expect(try await cart.get("empty") == "")
            #expect(try await cart.swap("empty", "", "full") == 0)
            #expect(try await cart.delete([]) == 0)
            #expect(try await cart.get([]) == nil)
        }
    }

    @Test(arguments: KeyValueSetting.all)
    func `a value is swapped or deleted only where the expected one is there`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            let cart = try await bench.use()
            #expect(try await cart.swap("k", "", "new") == -1)
            #expect(try await cart.compareAndDelete("k", "") == -1)
            #expect(try await cart.setIfAbsent("k", "first") == 0)
            #expect(try await cart.setIfAbsent("k", "second") == -2)
            #expect(try await cart.swap("k", "other", "third") == -2)
            #expect(try await cart.swap("k", "firs", "third") == -2)
            #expect(try await cart.compareAndDelete("k", "first ") == -2)
            #expect(try await cart.get("k") == "first")
            #expect(try await cart.swap("k", "first", "third") == 0)
            #expect(try await cart.get("k") == "third")
            #expect(try await cart.compareAndDelete("k", "third") == 0)
            #expect(try await cart.get("k") == nil)
        }
    }

    @Test(arguments: KeyValueSetting.all)
    func `of many swaps at the same time none is lost`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            try await withThrowingTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        let counter = try await bench.use()
                        var done = 0
                        while done < 25 {
                            guard let now = try await counter.get("n") else {
                                done += try await counter.setIfAbsent("n", "1") == 0 ? 1 : 0
                                continue
                            }
                            done += try await counter.swap("n", now, "\((Int(now) ?? 0) + 1)") == 0 ? 1 : 0
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await bench.use().get("n") == "100")
        }
    }

    @Test(arguments: KeyValueSetting.all)
    func `what has outlived its lifetime is gone and counts for nothing`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            let cart = try await bench.use(limits: KeyValueLimits(keys: 2))
            #expect(try await cart.set("short", "1", lifetime: 1000) == 0)
            #expect(try await cart.set("long", "2", lifetime: .max) == 0)
            #expect(try await cart.set("third", "3") == -4)
            bench.time.advance(by: .milliseconds(999))
            #expect(try await cart.get("short") == "1")
            bench.time.advance(by: .milliseconds(1))
            #expect(try await cart.get("short") == nil)
            #expect(try await cart.keys("") == ["long"])
            #expect(try await cart.usage() == KeyValueUsage(bytes: 5, keys: 1))
            #expect(try await cart.swap("short", "1", "x") == -1)
            #expect(try await cart.delete("short") == -1)
            #expect(try await cart.set("third", "3") == 0)
            #expect(try await cart.usage() == KeyValueUsage(bytes: 11, keys: 2))
        }
    }

    @Test(arguments: KeyValueSetting.all)
    func `setting a key again gives it a new lifetime`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            let cart = try await bench.use()
            for key in ["kept", "renewed", "shortened"] {
                #expect(try await cart.set(key, "1", lifetime: key == "shortened" ? 0 : 100) == 0)
            }
            #expect(try await cart.set("kept", "2") == 0)
            #expect(try await cart.set("renewed", "2", lifetime: 300) == 0)
            #expect(try await cart.set("shortened", "2", lifetime: 200) == 0)
            bench.time.advance(by: .milliseconds(200))
            #expect(try await cart.keys("") == ["kept", "renewed"])
            bench.time.advance(by: .milliseconds(100))
            #expect(try await cart.keys("") == ["kept"])
            #expect(try await cart.setIfAbsent("renewed", "3") == 0)
            #expect(try await cart.usage() == KeyValueUsage(bytes: 5 + 8, keys: 2))
        }
    }

    @Test(arguments: KeyValueSetting.all)
    func `many lifetimes that end together are accounted for`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            let cart = try await bench.use()
            for number in 0..<40 { #expect(try await cart.set("k\(number)", "value", lifetime: 10) == 0) }
            #expect(try await cart.set("stays", "value") == 0)
            bench.time.advance(by: .seconds(1))
            #expect(try await cart.set("new", "value") == 0)
            #expect(try await cart.usage() == KeyValueUsage(bytes: 18, keys: 2))
            #expect(try await cart.keys("") == ["new", "stays"])
        }
    }

    @Test(arguments: KeyValueSetting.all)
    func `keys are listed by prefix, page by page, in the order of their bytes`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            let cart = try await bench.use()
            for number in 0..<25 { #expect(try await cart.set("user/\(number)", "") == 0) }
            for key in ["user", "user0", "use", "v", "\u{7F}"] { #expect(try await cart.set(key, "") == 0) }
            let users = (0..<25).map { "user/\($0)" }.sorted()
            for size in [1, 7, 25, 26, 1000] { #expect(try await cart.keys("user/", pagesOf: size) == users) }
            #expect(try await cart.keys("user") == ["user"] + users + ["user0"])
            #expect(try await cart.keys("nobody").isEmpty)
            #expect(try await cart.keys("").count == 30)

            let page = try await cart.page(Array("user/".utf8), from: [], most: 10)
            #expect(page.keys.count == 10)
            #expect(page.next == Array(users[10].utf8))
            // What is deleted between two pages is left out, and the rest is still found.
            #expect(try await cart.delete(users[10]) == 0)
            let second = try await cart.page(Array("user/".utf8), from: page.next ?? [], most: 100)
            #expect(second.keys == users[11...].map { Array($0.utf8) })
            #expect(second.next == nil)
        }
    }

    @Test(arguments: KeyValueSetting.all)
    func `a prefix of the highest bytes has an end too`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            let cart = try await bench.use()
            let keys: [[UInt8]] = [[0xFE], [0xFE, 0xFF], [0xFE, 0xFF, 0], [0xFF], [0xFF, 0], [0xFF, 0xFF], []]
            for key in keys { #expect(try await cart.set(key, [], lifetime: 0) == 0) }
            #expect(try await cart.keys([0xFE, 0xFF]) == [[0xFE, 0xFF], [0xFE, 0xFF, 0]])
            #expect(try await cart.keys([0xFF]) == [[0xFF], [0xFF, 0], [0xFF, 0xFF]])
            #expect(try await cart.keys([0xFF, 0xFF]) == [[0xFF, 0xFF]])
            #expect(try await cart.keys([], pagesOf: 1).count == 7)
        }
    }

    @Test(arguments: KeyValueSetting.all)
    func `namespaces never see each other, whatever their names`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            let names = [
                "", "\0", "a", "a\0", "a\0b", "a/", "a/b", "A", "caf\u{E9}", "cafe\u{301}", "%", "_", "*", "'--",
                "namespace",
            ]
            var uses: [any KeyValueUse] = []
            for name in names { uses.append(try await bench.use(name)) }
            let keys = ["k", "", "\0", "b", "/b", "b/k", "a"]
            for (use, name) in zip(uses, names) {
                for key in keys { #expect(try await use.set(key, "\(name)|\(key)") == 0) }
            }
            for (index, use) in uses.enumerated() {
                for key in keys {
                    #expect(try await use.get(key)?.utf8.elementsEqual("\(names[index])|\(key)".utf8) == true)
                }
                #expect(try await use.keys("").count == keys.count)
                for key in keys { #expect(try await use.delete(key) == 0) }
                #expect(try await use.usage() == KeyValueUsage())
                for other in uses[(index + 1)...] { #expect(try await other.usage().keys == keys.count) }
            }
        }
    }
}
