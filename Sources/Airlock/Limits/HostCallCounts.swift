/// How often each host function was called.
public struct HostCallCounts: Sendable, Hashable {
    /// The functions that a plugin version is linked with, in the order of their indices. Shared by all its calls.
    final class Names: Sendable {
        let values: [String]

        init(_ values: [String]) {
            self.values = values
        }
    }

    /// One word, since most reports have none.
    private var storage: Storage?

    private final class Storage: Sendable {
        let names: Names
        let counts: [UInt64]

        init(_ names: Names, _ counts: [UInt64]) {
            self.names = names
            self.counts = counts
        }
    }

    /// No calls.
    public init() {}

    init(names: Names, counts: [UInt64]) {
        storage = Storage(names, counts)
    }

    /// The functions that were called, by module and name (`example.increment`), with how often.
    public var byName: [String: UInt64] {
        guard let storage else { return [:] }
        var result: [String: UInt64] = [:]
        for (name, count) in zip(storage.names.values, storage.counts) where count > 0 {
            result[name, default: 0] &+= count
        }
        return result
    }

    /// How often one function was called, by module and name.
    public subscript(name: String) -> UInt64 { byName[name] ?? 0 }

    /// Adds other calls.
    public mutating func add(_ other: HostCallCounts) {
        guard let theirs = other.storage else { return }
        guard let ours = storage else { return storage = theirs }
        if ours.names === theirs.names {
            storage = Storage(ours.names, zip(ours.counts, theirs.counts).map { $0 &+ $1 })
        } else {
            let sum = byName.merging(other.byName) { $0 &+ $1 }.sorted { $0.key < $1.key }
            storage = Storage(Names(sum.map(\.key)), sum.map(\.value))
        }
    }

    public static func == (left: Self, right: Self) -> Bool { left.byName == right.byName }

    public func hash(into hasher: inout Hasher) { hasher.combine(byName) }
}
