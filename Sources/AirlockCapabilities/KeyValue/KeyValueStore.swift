/// Keeps values of plugins by key, in namespaces that never see each other.
///
/// Namespaces, keys and values are bytes and are compared as bytes; any of them may be empty. A change is done whole or not at all, and the
/// limits are enforced with it, so that no two changes at the same time can pass them together. An entry whose lifetime is over is gone for
/// every caller and counts for nothing, whether or not the store has freed it yet. Lifetimes go by the time of day.
public protocol KeyValueStore: Sendable {
    /// The value of a key; nil where there is none.
    func value(of key: [UInt8], in namespace: KeyValueNamespace) async throws(KeyValueError) -> [UInt8]?

    /// Does a change, if its condition holds and the limits allow it.
    func apply(
        _ change: KeyValueChange,
        in namespace: KeyValueNamespace,
        within limits: KeyValueLimits
    ) async throws(KeyValueError) -> KeyValueOutcome

    /// Keys in the order of their bytes.
    /// - Parameters:
    ///   - prefix: what each key begins with.
    ///   - start: the least key, such as ``KeyValuePage/next`` of the page before; empty for the first one.
    ///   - most: the most keys.
    func keys(
        withPrefix prefix: [UInt8],
        from start: [UInt8],
        most: Int,
        in namespace: KeyValueNamespace
    ) async throws(KeyValueError) -> KeyValuePage

    /// What a namespace holds now.
    func usage(of namespace: KeyValueNamespace) async throws(KeyValueError) -> KeyValueUsage
}

/// A space of keys of its own, told from others by the bytes of its name.
public struct KeyValueNamespace: Sendable, Hashable {
    /// The name.
    public let bytes: [UInt8]

    /// Names a namespace by the bytes of a text's UTF-8: texts that merely look the same name different ones.
    public init(_ name: String) {
        bytes = Array(name.utf8)
    }
}

/// Why a store could not do its work. More often than not it is the disk.
public struct KeyValueError: Error, Sendable, CustomStringConvertible {
    /// What went wrong.
    public var message: String

    /// Makes an error.
    public init(_ message: String) {
        self.message = message
    }

    public var description: String { message }
}

/// Some keys of a namespace, in the order of their bytes.
public struct KeyValuePage: Sendable, Hashable {
    /// The keys.
    public var keys: [[UInt8]]
    /// The key that comes after them; nil where there are no more.
    public var next: [UInt8]?

    /// Makes a page.
    public init(keys: [[UInt8]], next: [UInt8]?) {
        self.keys = keys
        self.next = next
    }
}

/// What a namespace holds.
public struct KeyValueUsage: Sendable, Hashable {
    /// Bytes of all keys and values.
    public var bytes: Int
    /// How many keys.
    public var keys: Int

    /// Makes a value.
    public init(bytes: Int = 0, keys: Int = 0) {
        self.bytes = bytes
        self.keys = keys
    }
}
