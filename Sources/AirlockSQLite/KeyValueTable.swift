import AirlockCapabilities
import Foundation
import GRDB

/// The statements of the store, within one transaction.
struct KeyValueTable {
    private let database: Database

    init(_ database: Database) {
        self.database = database
    }

    func value(of key: [UInt8], in namespace: KeyValueNamespace, at now: KeyValueMoment) throws -> [UInt8]? {
        let value = try Data.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT value FROM entry JOIN namespace ON namespace.id = entry.namespace
                    WHERE name = ifnull(?, x'') AND key = ifnull(?, x'') AND (ends IS NULL OR ends > ?)
                    """),
            arguments: [namespace.bytes.data, key.data, now.milliseconds]
        )
        return value.map { Array($0) }
    }

    func usage(of namespace: KeyValueNamespace, at now: KeyValueMoment) throws -> KeyValueUsage {
        guard let space = try space(namespace) else { return KeyValueUsage() }
        let over = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT count(*), ifnull(sum(length(key) + length(value)), 0) FROM entry
                    WHERE namespace = ? AND ends <= ?
                    """),
            arguments: [space.id, now.milliseconds]
        )
        guard let over = try over.map({ try KeyValueUsage(bytes: $0.decode(atIndex: 1), keys: $0.decode(atIndex: 0)) }),
            over.isPossible, over.bytes <= space.usage.bytes, over.keys <= space.usage.keys
        else { throw Self.damage }
        return KeyValueUsage(bytes: space.usage.bytes - over.bytes, keys: space.usage.keys - over.keys)
    }

    func page(
        withPrefix prefix: [UInt8],
        from start: [UInt8],
        most: Int,
        in namespace: KeyValueNamespace,
        at now: KeyValueMoment
    ) throws -> KeyValuePage {
        guard let space = try space(namespace) else { return KeyValuePage(keys: [], next: nil) }
        let first = prefix.lexicographicallyPrecedes(start) ? start : prefix
        let end = prefix.endOfPrefix
        let most = min(max(0, most), Int(Int32.max))
        let keys = try Data.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT key FROM entry
                    WHERE namespace = ? AND key >= ifnull(?, x'') \(end == nil ? "" : "AND key < ?")
                    AND (ends IS NULL OR ends > ?)
                    ORDER BY key LIMIT ?
                    """),
            arguments: [space.id, first.data] + (end.map { [$0.data] } ?? []) + [now.milliseconds, most + 1]
        )
        return KeyValuePage(
            keys: keys.prefix(most).map { Array($0) },
            next: keys.count > most ? keys.last.map { Array($0) } : nil
        )
    }

    func apply(
        _ change: KeyValueChange,
        in namespace: KeyValueNamespace,
        within limits: KeyValueLimits,
        at now: KeyValueMoment
    ) throws -> KeyValueOutcome {
        let space = try purgedSpace(namespace, at: now)
        let current = try value(of: change.key, in: namespace, at: now)
        if let objection = change.objection(to: current) { return objection }
        guard let value = change.value else {
            if let space { try delete(change.key, in: space) }
            return .done
        }
        let old = space?.usage ?? KeyValueUsage()
        var new = old
        new.bytes += value.count - (current?.count ?? -change.key.count)
        new.keys += current == nil ? 1 : 0
        if let objection = limits.objection(to: new, insteadOf: old) { return objection }
        let id = if let space { space.id } else { try makeSpace(namespace) }
        try database.cachedStatement(
            sql: """
                INSERT INTO entry (namespace, key, value, ends) VALUES (?, ifnull(?, x''), ifnull(?, x''), ?)
                ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, ends = excluded.ends
                """
        ).execute(
            arguments: [id, change.key.data, value.data, now.end(after: change.lifetime)?.milliseconds])
        return .done
    }
}

extension KeyValueTable {
    private struct Space {
        var id: Int64
        var usage: KeyValueUsage
    }

    private func space(_ namespace: KeyValueNamespace) throws -> Space? {
        let row = try Row.fetchOne(
            database.cachedStatement(sql: "SELECT id, bytes, keys FROM namespace WHERE name = ifnull(?, x'')"),
            arguments: [namespace.bytes.data]
        )
        guard let row else { return nil }
        // What is read from a damaged file may have any type and size.
        let usage = try KeyValueUsage(bytes: row.decode(atIndex: 1), keys: row.decode(atIndex: 2))
        guard usage.isPossible else { throw Self.damage }
        return Space(id: try row.decode(atIndex: 0), usage: usage)
    }

    private static var damage: KeyValueError { KeyValueError("the file is damaged: its sums cannot be right") }

    /// The namespace without what is over.
    private func purgedSpace(_ namespace: KeyValueNamespace, at now: KeyValueMoment) throws -> Space? {
        guard let space = try space(namespace) else { return nil }
        try database.cachedStatement(sql: "DELETE FROM entry WHERE namespace = ? AND ends <= ?")
            .execute(arguments: [space.id, now.milliseconds])
        return database.changesCount == 0 ? space : try self.space(namespace)
    }

    private func makeSpace(_ namespace: KeyValueNamespace) throws -> Int64 {
        try database.cachedStatement(sql: "INSERT INTO namespace (name) VALUES (ifnull(?, x''))")
            .execute(arguments: [namespace.bytes.data])
        return database.lastInsertedRowID
    }

    private func delete(_ key: [UInt8], in space: Space) throws {
        try database.cachedStatement(sql: "DELETE FROM entry WHERE namespace = ? AND key = ifnull(?, x'')")
            .execute(arguments: [space.id, key.data])
    }
}

extension KeyValueUsage {
    /// Whether there can be so much: a file of SQLite is smaller than 2^48 bytes.
    fileprivate var isPossible: Bool { (0...1 << 48).contains(bytes) && (0...1 << 48).contains(keys) }
}

extension [UInt8] {
    /// The bytes as a statement's argument. An empty one may be bound as NULL, hence `ifnull` in each statement.
    fileprivate var data: Data { Data(self) }

    /// The least bytes that come after everything with this prefix; nil where there are none.
    fileprivate var endOfPrefix: [UInt8]? {
        guard let last = lastIndex(where: { $0 < 0xFF }) else { return nil }
        return self[..<last] + [self[last] + 1]
    }
}
