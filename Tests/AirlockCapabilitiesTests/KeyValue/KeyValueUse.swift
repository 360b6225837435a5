import Airlock
import AirlockCapabilities

/// Ways to use a namespace: through the store, and through a guest. Numbers are the codes that guests are told.
protocol KeyValueUse: Sendable {
    func get(_ key: [UInt8]) async throws -> [UInt8]?
    func set(_ key: [UInt8], _ value: [UInt8], lifetime: Int64) async throws -> Int32
    func setIfAbsent(_ key: [UInt8], _ value: [UInt8]) async throws -> Int32
    func swap(_ key: [UInt8], _ expected: [UInt8], _ value: [UInt8]) async throws -> Int32
    func delete(_ key: [UInt8]) async throws -> Int32
    func compareAndDelete(_ key: [UInt8], _ expected: [UInt8]) async throws -> Int32
    func page(_ prefix: [UInt8], from cursor: [UInt8], most: Int) async throws -> KeyValuePage
    func usage() async throws -> KeyValueUsage
}

extension KeyValueUse {
    func get(_ key: String) async throws -> String? {
        try await get(Array(key.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    func set(_ key: String, _ value: String, lifetime: Int64 = 0) async throws -> Int32 {
        try await set(Array(key.utf8), Array(value.utf8), lifetime: lifetime)
    }

    func setIfAbsent(_ key: String, _ value: String) async throws -> Int32 {
        try await setIfAbsent(Array(key.utf8), Array(value.utf8))
    }

    func swap(_ key: String, _ expected: String, _ value: String) async throws -> Int32 {
        try await swap(Array(key.utf8), Array(expected.utf8), Array(value.utf8))
    }

    func delete(_ key: String) async throws -> Int32 {
        try await delete(Array(key.utf8))
    }

    func compareAndDelete(_ key: String, _ expected: String) async throws -> Int32 {
        try await compareAndDelete(Array(key.utf8), Array(expected.utf8))
    }

    /// All keys with a prefix, in pages of that size.
    func keys(_ prefix: [UInt8] = [], pagesOf most: Int = 1000) async throws -> [[UInt8]] {
        var page = try await page(prefix, from: [], most: most)
        var keys = page.keys
        while let next = page.next {
            page = try await self.page(prefix, from: next, most: most)
            keys += page.keys
        }
        return keys
    }

    func keys(_ prefix: String, pagesOf most: Int = 1000) async throws -> [String] {
        try await keys(Array(prefix.utf8), pagesOf: most).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// The store itself.
struct StoreUse: KeyValueUse {
    let grant: KeyValue

    private func apply(_ change: KeyValueChange) async throws -> Int32 {
        switch try await grant.store.apply(change, in: grant.namespace, within: grant.limits) {
        case .done: 0
        case .absent: -1
        case .conflict: -2
        case .overBytes: -3
        case .overKeys: -4
        case .keyTooLarge: -5
        case .valueTooLarge: -6
        }
    }

    func get(_ key: [UInt8]) async throws -> [UInt8]? {
        try await grant.store.value(of: key, in: grant.namespace)
    }

    func set(_ key: [UInt8], _ value: [UInt8], lifetime: Int64) async throws -> Int32 {
        try await apply(.set(key, to: value, for: lifetime == 0 ? nil : .milliseconds(lifetime)))
    }

    func setIfAbsent(_ key: [UInt8], _ value: [UInt8]) async throws -> Int32 {
        try await apply(.set(key, to: value, if: .nothing))
    }

    func swap(_ key: [UInt8], _ expected: [UInt8], _ value: [UInt8]) async throws -> Int32 {
        try await apply(.set(key, to: value, if: .value(expected)))
    }

    func delete(_ key: [UInt8]) async throws -> Int32 {
        try await apply(.delete(key))
    }

    func compareAndDelete(_ key: [UInt8], _ expected: [UInt8]) async throws -> Int32 {
        try await apply(.delete(key, if: .value(expected)))
    }

    func page(_ prefix: [UInt8], from cursor: [UInt8], most: Int) async throws -> KeyValuePage {
        try await grant.store.keys(withPrefix: prefix, from: cursor, most: most, in: grant.namespace)
    }

    func usage() async throws -> KeyValueUsage {
        try await grant.store.usage(of: grant.namespace)
    }
}
