/// How often each host function was called.
public struct HostCallCounts: Sendable, Hashable {
    /// The functions that a plugin version is linked with, in the order of their indices. Shared by all its calls.
    final class Names: Sendable {
        let values: [String]

        init(_ values: [String]) {
            self.values = values
        }
    }

    /// The functions that ``counts`` are of; nil where there are no calls.
    private var names: Names?
    /// As many as there are names.
    private var counts: [UInt64] = []

    /// No calls.
    public init() {}

    init(names: Names, counts: [UInt64]) {
        self.names = names
        self.counts = counts
    }

    /// The functions that were called, by module and name (`example.increment`), with how often.
    public var byName: [String: UInt64] {
        guard let names else { return [:] }
        var result: [String: UInt64] = [:]
        for (name, count) in zip(names.values, counts) where count > 0 {
            result[name, default: 0] &+= count
        }
        return result
    }

    /// How often one function was called, by module and name.
    public subscript(name: String) -> UInt64 { byName[name] ?? 0 }

    /// Adds other calls.
    public mutating func add(_ other: HostCallCounts) {
        guard let theirs = other.names else { return }
        guard let ours = names else { return self = other }
        if ours === theirs {
            // Safe to index both: there are as many of both as names. In place, since it is done for each call.
            for index in counts.indices { counts[index] &+= other.counts[index] }
        } else {
            let sum = byName.merging(other.byName) { $0 &+ $1 }.sorted { $0.key < $1.key }
            self = Self(names: Names(sum.map(\.key)), counts: sum.map(\.value))
        }
    }

    public static func == (left: Self, right: Self) -> Bool { left.byName == right.byName }

    public func hash(into hasher: inout Hasher) { hasher.combine(byName) }
}
