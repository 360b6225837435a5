/// A change of one key.
public struct KeyValueChange: Sendable, Hashable {
    /// What must be there before.
    public enum Condition: Sendable, Hashable {
        /// Anything or nothing.
        case anything
        /// Nothing.
        case nothing
        /// This value.
        case value([UInt8])
    }

    /// The key.
    public var key: [UInt8]
    /// Its new value; nil to delete it.
    public var value: [UInt8]?
    /// How long the new value stays, to the millisecond; nil for ever.
    public var lifetime: Duration?
    /// What must be there before.
    public var condition: Condition

    /// Sets a key.
    public static func set(
        _ key: [UInt8],
        to value: [UInt8],
        for lifetime: Duration? = nil,
        if condition: Condition = .anything
    ) -> Self {
        KeyValueChange(key: key, value: value, lifetime: lifetime, condition: condition)
    }

    /// Deletes a key.
    public static func delete(_ key: [UInt8], if condition: Condition = .anything) -> Self {
        KeyValueChange(key: key, value: nil, lifetime: nil, condition: condition)
    }
}

/// What became of a change.
public enum KeyValueOutcome: Sendable, Hashable {
    /// It is done.
    case done
    /// Nothing changed: there is no such key to delete or to compare.
    case absent
    /// Nothing changed: another value is there, or one where none should be.
    case conflict
    /// Nothing changed: the namespace would hold more bytes than its limit.
    case overBytes
    /// Nothing changed: the namespace would hold more keys than its limit.
    case overKeys
    /// Nothing changed: the key has more bytes than a key may have.
    case keyTooLarge
    /// Nothing changed: the value has more bytes than a value may have.
    case valueTooLarge
}

/// How much a namespace may hold.
public struct KeyValueLimits: Sendable, Hashable {
    /// The most bytes of all keys and values.
    public var bytes: Int
    /// The most keys.
    public var keys: Int
    /// The most bytes of one key.
    public var bytesPerKey: Int
    /// The most bytes of one value.
    public var bytesPerValue: Int

    /// Sets the limits.
    public init(bytes: Int = 1 << 20, keys: Int = 1000, bytesPerKey: Int = 1024, bytesPerValue: Int = 64 << 10) {
        self.bytes = bytes
        self.keys = keys
        self.bytesPerKey = bytesPerKey
        self.bytesPerValue = bytesPerValue
    }
}

extension KeyValueChange {
    /// What a change comes to where `current` is there and its condition fails; nil where it holds.
    package func objection(to current: [UInt8]?) -> KeyValueOutcome? {
        switch condition {
        case .anything: value == nil && current == nil ? .absent : nil
        case .nothing: current == nil ? nil : .conflict
        case .value(let expected):
            if let current { current == expected ? nil : .conflict } else { .absent }
        }
    }
}

extension KeyValueLimits {
    /// What a change comes to whose key or value is too large by itself; nil where neither is. What is too large by limits of today can
    /// still be deleted.
    package func objection(to change: KeyValueChange) -> KeyValueOutcome? {
        guard let value = change.value else { return nil }
        if change.key.count > bytesPerKey { return .keyTooLarge }
        return value.count > bytesPerValue ? .valueTooLarge : nil
    }

    /// What setting a key comes to that makes `new` of `old`; nil where there is room. A namespace that is over its limits already may
    /// still become smaller.
    package func objection(to new: KeyValueUsage, insteadOf old: KeyValueUsage) -> KeyValueOutcome? {
        if new.keys > keys, new.keys > old.keys { return .overKeys }
        return new.bytes > bytes && new.bytes > old.bytes ? .overBytes : nil
    }
}
