public import AirlockCapabilities
import Foundation
import GRDB

/// Keeps values in an SQLite file, where they outlive the host.
///
/// Each change is one transaction in a write-ahead log. A change that was confirmed is there after a crash of the host, and with
/// ``Durability/machine``, which is the default, after a loss of power as well; one that was not is there whole or not at all. Several
/// hosts on one machine may use one file.
///
/// No key and no value has more than ``maximumBytes``, whatever the limits say. A file that is damaged is an error that names it, where it
/// is noticed; what was damaged so that it still makes sense is read as it is.
///
/// Nothing waits on the thread that asks. Changes are made one after another, reads beside them; a task that is cancelled before its turn
/// leaves nothing behind. What a lifetime has ended for is freed with the namespace's next change.
public final class SQLiteKeyValueStore: KeyValueStore {
    /// What a change that was confirmed survives.
    public enum Durability: Sendable, Hashable {
        /// A crash of the host.
        case process
        /// A loss of power too, as far as the disk keeps its promises. Each change waits for the disk.
        case machine
    }

    /// The most bytes of a key and of a value. SQLite takes 1,000,000,000 bytes for both together and fails hard beyond.
    public static let maximumBytes = 64 << 20

    private let path: String
    private let pool: DatabasePool
    private let now: @Sendable () -> KeyValueMoment

    /// Opens the file, which is made, readable for its owner only, where there is none.
    /// - Parameters:
    ///   - path: the file. SQLite keeps two more beside it, with `-wal` and `-shm` behind the name.
    ///   - durability: what a change that was confirmed survives.
    ///   - now: the time since 1970 by which lifetimes end; by default the system's.
    /// - Throws: where the file cannot be opened, or is not of this store.
    public init(
        path: String,
        durability: Durability = .machine,
        now: (@Sendable () -> Duration)? = nil
    ) throws(KeyValueError) {
        self.path = path
        self.now = { now.map { KeyValueMoment(since1970: $0()) } ?? .now }
        if !FileManager.default.fileExists(atPath: path) {
            // The files beside it get the same permissions. Where this fails, opening it says why.
            _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        }
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(5)
            let pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = \(durability == .machine ? "FULL" : "NORMAL")")
            }
            try pool.write { try KeyValueSchema.prepare($0) }
            self.pool = pool
        } catch {
            throw KeyValueError("could not open '\(path)': \(error)")
        }
    }

    public func value(of key: [UInt8], in namespace: KeyValueNamespace) async throws(KeyValueError) -> [UInt8]? {
        guard key.count <= Self.maximumBytes else { return nil }
        return try await read { (table, now) in try table.value(of: key, in: namespace, at: now) }
    }

    public func apply(
        _ change: KeyValueChange,
        in namespace: KeyValueNamespace,
        within limits: KeyValueLimits
    ) async throws(KeyValueError) -> KeyValueOutcome {
        if let objection = limits.objection(to: change) { return objection }
        guard change.key.count <= Self.maximumBytes else { return change.value == nil ? .absent : .keyTooLarge }
        guard change.value?.count ?? 0 <= Self.maximumBytes else { return .valueTooLarge }
        let now = now
        do {
            return try await pool.write { database in
                try KeyValueTable(database).apply(change, in: namespace, within: limits, at: now())
            }
        } catch {
            throw KeyValueError("could not change a value in '\(path)': \(error)")
        }
    }

    public func keys(
        withPrefix prefix: [UInt8],
        from start: [UInt8],
        most: Int,
        in namespace: KeyValueNamespace
    ) async throws(KeyValueError) -> KeyValuePage {
        guard prefix.count <= Self.maximumBytes, start.count <= Self.maximumBytes else {
            return KeyValuePage(keys: [], next: nil)
        }
        return try await read { (table, now) in
            try table.page(withPrefix: prefix, from: start, most: most, in: namespace, at: now)
        }
    }

    public func usage(of namespace: KeyValueNamespace) async throws(KeyValueError) -> KeyValueUsage {
        try await read { (table, now) in try table.usage(of: namespace, at: now) }
    }

    private func read<Value: Sendable>(
        _ body: @escaping @Sendable (KeyValueTable, KeyValueMoment) throws -> Value
    ) async throws(KeyValueError) -> Value {
        let now = now
        do {
            return try await pool.read { try body(KeyValueTable($0), now()) }
        } catch {
            throw KeyValueError("could not read '\(path)': \(error)")
        }
    }
}
