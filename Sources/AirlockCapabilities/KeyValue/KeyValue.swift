public import Airlock

/// Lets a plugin keep values by key in one namespace of a store of the host.
///
/// The store may wait, so it can be granted to suspendable plugins only. Guests import from `airlock:kv`:
///
/// | function | WebAssembly type | success |
/// | --- | --- | --- |
/// | `get` | `(key i32, key-length i32, room i32, capacity i32) -> i32` | bytes of the value |
/// | `set` | `(key i32, key-length i32, value i32, value-length i32, lifetime i64) -> i32` | 0 |
/// | `set-if-absent` | as `set` | 0 |
/// | `compare-and-swap` | `(key i32, key-length i32, expected i32, expected-length i32, value i32, value-length i32, lifetime i64) -> i32`
/// | 0 |
/// | `delete` | `(key i32, key-length i32) -> i32` | 0 |
/// | `compare-and-delete` | `(key i32, key-length i32, expected i32, expected-length i32) -> i32` | 0 |
/// | `list` | `(prefix i32, prefix-length i32, cursor i32, cursor-length i32, most i32, room i32, capacity i32) -> i32` | bytes of the page
/// |
/// | `key-count` | `() -> i64` | keys in the namespace |
/// | `used-bytes` | `() -> i64` | bytes of all keys and values |
///
/// Keys and values are bytes; both may be empty. A lifetime is in milliseconds, 0 for ever; one below zero ends the call with
/// ``PluginError/Code/badArgument``. `get` writes the value where it fits the capacity and returns its length either way.
///
/// What can go wrong in a plugin's normal life is a number below zero, and then nothing changed:
///
/// | code | |
/// | --- | --- |
/// | -1 | there is no such key |
/// | -2 | another value is there than the expected one, or one is there where none should be |
/// | -3 | the namespace has no room for so many bytes |
/// | -4 | the namespace has no room for another key |
/// | -5 | the key is too large |
/// | -6 | the value is too large |
/// | -7 | not even one key fits the room |
///
/// `list` gives the keys with a prefix in the order of their bytes, at most `most` and at most ``keysPerPage`` of them, as many as fit the
/// room: a `u32` number of keys, each key as a `u32` length and its bytes, and the cursor of the next page as a `u32` length and its
/// bytes, all little-endian. The cursor of the first page is empty, and an empty cursor in a page says that it is the last one.
///
/// A change through a grant that only reads ends the call with ``PluginError/Code/denied``.
public struct KeyValue: AttenuableCapability {
    public static let id: CapabilityID = "airlock:kv"

    /// The most keys of one page of `list`.
    public static let keysPerPage = 1000

    /// Where the values are kept.
    public let store: any KeyValueStore
    /// The namespace that the plugin sees, and nothing else.
    public let namespace: KeyValueNamespace
    /// How much the namespace may hold before this grant adds to it no more.
    public internal(set) var limits: KeyValueLimits
    /// Whether the plugin may read only.
    public internal(set) var isReadOnly: Bool

    /// Grants a namespace of a store.
    public init(
        _ store: any KeyValueStore,
        namespace: KeyValueNamespace,
        limits: KeyValueLimits = KeyValueLimits(),
        isReadOnly: Bool = false
    ) {
        self.store = store
        self.namespace = namespace
        self.limits = limits
        self.isReadOnly = isReadOnly
    }

    public var summary: String {
        let name = "namespace \(LogText.quoted(namespace.bytes))"
        if isReadOnly { return "\(name), to read" }
        return """
            \(name), at most \(limits.keys) keys and \(limits.bytes) bytes, \(limits.bytesPerKey) per key and \
            \(limits.bytesPerValue) per value
            """
    }
}
