import AirlockCapabilities
import GRDB

/// The tables of a store's file.
enum KeyValueSchema {
    /// "ALKV": what tells this store's files from other SQLite files.
    private static let applicationID = 0x414C_4B56
    private static let version = 1

    /// Makes the tables in a new file, and refuses a file of another kind or of a later version.
    static func prepare(_ database: Database) throws {
        let isNew = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") == 0
        if isNew { try make(database) }
        let application = try Int.fetchOne(database, sql: "PRAGMA application_id")
        guard application == applicationID else { throw KeyValueError("it is an SQLite file of something else") }
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found == version else {
            throw KeyValueError("its tables have the version \(found), expected \(version)")
        }
    }

    // The triggers keep the sums of a namespace in the same transaction as its entries, whoever changes them.
    private static func make(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE namespace (
                    id INTEGER PRIMARY KEY,
                    name BLOB NOT NULL UNIQUE CHECK (typeof(name) = 'blob'),
                    bytes INTEGER NOT NULL DEFAULT 0,
                    keys INTEGER NOT NULL DEFAULT 0
                ) STRICT;

                CREATE TABLE entry (
                    namespace INTEGER NOT NULL REFERENCES namespace (id),
                    key BLOB NOT NULL,
                    value BLOB NOT NULL,
                    ends INTEGER,
                    UNIQUE (namespace, key)
                ) STRICT;

                CREATE INDEX entry_ends ON entry (namespace, ends) WHERE ends IS NOT NULL;

                CREATE TRIGGER entry_made AFTER INSERT ON entry BEGIN
                    UPDATE namespace SET keys = keys + 1, bytes = bytes + length(new.key) + length(new.value)
                    WHERE id = new.namespace;
                END;

                CREATE TRIGGER entry_changed AFTER UPDATE ON entry BEGIN
                    UPDATE namespace SET bytes = bytes + length(new.value) - length(old.value)
                    WHERE id = new.namespace;
                END;

                CREATE TRIGGER entry_gone AFTER DELETE ON entry BEGIN
                    UPDATE namespace SET keys = keys - 1, bytes = bytes - length(old.key) - length(old.value)
                    WHERE id = old.namespace;
                END;

                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(version);
                """)
    }
}
