import Airlock
import AirlockCapabilities
import Testing

/// The same for both stores, each through its own API and through a guest.
@Suite("Limits of key-value stores")
struct KeyValueLimitTests {
    @Test(arguments: KeyValueSetting.all)
    func `over the bytes of a namespace nothing changes, and the guest is told`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            let cart = try await bench.use(limits: KeyValueLimits(bytes: 10))
            #expect(try await cart.set("ab", "12345678") == 0)
            #expect(try await cart.set("c", "") == -3)
            #expect(try await cart.set("ab", "123456789") == -3)
            #expect(try await cart.swap("ab", "12345678", "123456789") == -3)
            #expect(try await cart.get("ab") == "12345678")
            #expect(try await cart.set("ab", "1234567") == 0)
            #expect(try await cart.set("c", "") == 0)
            #expect(try await cart.set("", "") == 0)
            #expect(try await cart.setIfAbsent("d", "") == -3)
            #expect(try await cart.usage() == KeyValueUsage(bytes: 10, keys: 3))
            #expect(try await cart.delete("ab") == 0)
            #expect(try await cart.set("abcd", "12345") == 0)
            #expect(try await cart.usage() == KeyValueUsage(bytes: 10, keys: 3))
        }
    }

    @Test(arguments: KeyValueSetting.all)
    func `over the keys of a namespace nothing changes, and the guest is told`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            let cart = try await bench.use(limits: KeyValueLimits(keys: 2))
            #expect(try await cart.set("a", "1") == 0)
            #expect(try await cart.set("b", "1") == 0)
            #expect(try await cart.set("c", "1") == -4)
            #expect(try await cart.setIfAbsent("c", "1") == -4)
            #expect(try await cart.set("b", "more") == 0)
            #expect(try await cart.delete("a") == 0)
            #expect(try await cart.set("c", "1") == 0)
            #expect(try await cart.keys("") == ["b", "c"])
        }
    }

    @Test(arguments: KeyValueSetting.all)
    func `a key or value that is too large is refused at its own limit`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            let cart = try await bench.use(limits: KeyValueLimits(bytesPerKey: 3, bytesPerValue: 4))
            #expect(try await cart.set("abc", "1234") == 0)
            #expect(try await cart.set("abcd", "1234") == -5)
            #expect(try await cart.set("abc", "12345") == -6)
            #expect(try await cart.get("abcd") == nil)
            #expect(try await cart.swap("abc", "1234", "12345") == -6)
            #expect(try await cart.usage() == KeyValueUsage(bytes: 7, keys: 1))
        }
    }

    @Test(arguments: KeyValueSetting.all)
    func `a namespace over limits that were lowered may become smaller`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            let before = try await bench.use()
            for key in ["a", "b", "c"] { #expect(try await before.set(key, "12345") == 0) }
            let after = try await bench.use(limits: KeyValueLimits(bytes: 5, keys: 1))
            #expect(try await after.set("d", "") == -4)
            #expect(try await after.set("a", "123456") == -3)
            #expect(try await after.set("a", "54321") == 0)
            #expect(try await after.set("a", "1") == 0)
            #expect(try await after.delete("b") == 0)
            #expect(try await after.usage() == KeyValueUsage(bytes: 8, keys: 2))
        }
    }

    @Test(arguments: KeyValueSetting.all)
    func `the accounts are exact after any sequence of changes`(setting: KeyValueSetting) async throws {
        try await KeyValueBench.with(setting) { bench in
            let cart = try await bench.use(limits: KeyValueLimits(bytes: 120, keys: 8))
            var random = Dice(state: 42)
            var model = Model(bytes: 120, keys: 8)
            for step in 0..<200 {
                let key = "key\(random.next(12))"
                let value = String(repeating: "v", count: random.next(20))
                let known = model.value(of: key)
                switch random.next(7) {
                case 0...2:
                    let lifetime = Int64(random.next(3) * 50)
                    let code = try await cart.set(key, value, lifetime: lifetime)
                    #expect(code == model.set(key, value, lifetime: lifetime), "step \(step)")
                case 3:
                    #expect(try await cart.delete(key) == model.delete(key), "step \(step)")
                case 4:
                    let expected = random.next(2) == 0 ? "v" : known ?? ""
                    let code = known == nil ? -1 : known == expected ? model.set(key, value, lifetime: 0) : -2
                    #expect(try await cart.swap(key, expected, value) == code, "step \(step)")
                case 5:
                    bench.time.advance(by: .milliseconds(20))
                    model.advance(by: 20)
                default:
                    #expect(try await cart.get(key) == known, "step \(step)")
                }
                #expect(try await cart.usage() == model.usage, "step \(step)")
            }
            #expect(try await cart.keys("") == model.keys)
        }
    }
}

/// What a namespace should hold, in the plainest way.
private struct Model {
    var bytes: Int
    var mostKeys: Int
    private var entries: [String: (value: String, end: Int64?)] = [:]
    private var now: Int64 = 0

    init(bytes: Int, keys: Int) {
        self.bytes = bytes
        mostKeys = keys
    }

    var keys: [String] { entries.keys.sorted() }
    var usage: KeyValueUsage { usage(of: entries) }

    func value(of key: String) -> String? { entries[key]?.value }

    mutating func advance(by milliseconds: Int64) {
        now += milliseconds
        entries = entries.filter { $0.value.end.map { $0 > now } ?? true }
    }

    mutating func set(_ key: String, _ value: String, lifetime: Int64) -> Int32 {
        var new = entries
        new[key] = (value, lifetime == 0 ? nil : now + lifetime)
        if new.count > mostKeys, new.count > entries.count { return -4 }
        if usage(of: new).bytes > bytes, usage(of: new).bytes > usage.bytes { return -3 }
        entries = new
        return 0
    }

    mutating func delete(_ key: String) -> Int32 {
        entries.removeValue(forKey: key) == nil ? -1 : 0
    }

    private func usage(of entries: [String: (value: String, end: Int64?)]) -> KeyValueUsage {
        KeyValueUsage(
            bytes: entries.reduce(0) { $0 + $1.key.utf8.count + $1.value.value.utf8.count }, keys: entries.count)
    }
}

/// The same numbers in every run (a linear congruential generator with the constants of Knuth's MMIX).
private struct Dice {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }
}
