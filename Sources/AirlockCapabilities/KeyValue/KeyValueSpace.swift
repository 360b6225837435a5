/// One namespace in memory.
struct KeyValueSpace {
    private struct Entry {
        var value: [UInt8]
        var end: KeyValueMoment?

        func isOver(at now: KeyValueMoment) -> Bool { end.map { $0 <= now } ?? false }
    }

    /// The end of an entry's life.
    private struct End: Comparable {
        var moment: KeyValueMoment
        var key: OrderedBytes

        static func < (left: Self, right: Self) -> Bool {
            left.moment == right.moment ? left.key < right.key : left.moment < right.moment
        }
    }

    private var entries = SortedMap<OrderedBytes, Entry>()
    private var ends = SortedMap<End, Void>()
    private var bytes = 0

    var isEmpty: Bool { entries.isEmpty }
    var usage: KeyValueUsage { KeyValueUsage(bytes: bytes, keys: entries.count) }

    func value(of key: [UInt8], at now: KeyValueMoment) -> [UInt8]? {
        guard let entry = entries[OrderedBytes(bytes: key)], !entry.isOver(at: now) else { return nil }
        return entry.value
    }

    mutating func apply(
        _ change: KeyValueChange,
        within limits: KeyValueLimits,
        at now: KeyValueMoment
    ) -> KeyValueOutcome {
        purge(at: now)
        let key = OrderedBytes(bytes: change.key)
        let current = entries[key]
        if let objection = change.objection(to: current?.value) { return objection }
        guard let value = change.value else {
            remove(key)
            return .done
        }
        var new = usage
        new.bytes += value.count - (current?.value.count ?? -key.bytes.count)
        new.keys += current == nil ? 1 : 0
        if let objection = limits.objection(to: new, insteadOf: usage) { return objection }
        remove(key)
        insert(key, Entry(value: value, end: now.end(after: change.lifetime)))
        return .done
    }

    func page(withPrefix prefix: [UInt8], from start: [UInt8], most: Int, at now: KeyValueMoment) -> KeyValuePage {
        let first = OrderedBytes(bytes: prefix.lexicographicallyPrecedes(start) ? start : prefix)
        var page = KeyValuePage(keys: [], next: nil)
        for position in entries.position(of: first)..<entries.count {
            let key = entries.keys[position].bytes
            guard key.starts(with: prefix) else { break }
            if entries.values[position].isOver(at: now) { continue }
            guard page.keys.count < most else {
                page.next = key
                break
            }
            page.keys.append(key)
        }
        return page
    }

    /// Takes out what is over.
    mutating func purge(at now: KeyValueMoment) {
        let over = ends.keys.prefix { $0.moment <= now }
        if over.count < 16 {
            for end in over { remove(end.key) }
        } else {
            // One pass over all: each removal moves what is behind it.
            bytes -= over.reduce(0) { $0 + $1.key.bytes.count + (entries[$1.key]?.value.count ?? 0) }
            entries.removeAll { $0.isOver(at: now) }
            ends.removeFirst(over.count)
        }
    }

    private mutating func remove(_ key: OrderedBytes) {
        guard let entry = entries[key] else { return }
        entries[key] = nil
        if let end = entry.end { ends[End(moment: end, key: key)] = nil }
        bytes -= key.bytes.count + entry.value.count
    }

    private mutating func insert(_ key: OrderedBytes, _ entry: Entry) {
        entries[key] = entry
        if let end = entry.end { ends[End(moment: end, key: key)] = () }
        bytes += key.bytes.count + entry.value.count
    }
}
