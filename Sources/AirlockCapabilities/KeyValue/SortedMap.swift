/// Values by key, in the order of the keys, in one array each. A lookup halves its way; an insertion moves what is behind it, which for the
/// some thousands of keys of a namespace is faster than a tree.
struct SortedMap<Key: Comparable, Value> {
    private(set) var keys: [Key] = []
    private(set) var values: [Value] = []

    var isEmpty: Bool { keys.isEmpty }
    var count: Int { keys.count }

    /// The first position whose key is not less than `key`.
    func position(of key: Key) -> Int {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    subscript(key: Key) -> Value? {
        get {
            let position = position(of: key)
            return position < keys.count && keys[position] == key ? values[position] : nil
        }
        set {
            let position = position(of: key)
            let isThere = position < keys.count && keys[position] == key
            switch (newValue, isThere) {
            case (let value?, true):
                values[position] = value
            case (let value?, false):
                keys.insert(key, at: position)
                values.insert(value, at: position)
            case (nil, true):
                keys.remove(at: position)
                values.remove(at: position)
            case (nil, false):
                break
            }
        }
    }

    /// Takes out the entries before a position.
    mutating func removeFirst(_ count: Int) {
        keys.removeFirst(count)
        values.removeFirst(count)
    }

    /// Takes out the entries whose value is as described.
    mutating func removeAll(where matches: (Value) -> Bool) {
        let kept = values.indices.filter { !matches(values[$0]) }
        keys = kept.map { keys[$0] }
        values = kept.map { values[$0] }
    }
}

/// Bytes in the order of their values.
struct OrderedBytes: Comparable {
    let bytes: [UInt8]

    static func < (left: Self, right: Self) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}
