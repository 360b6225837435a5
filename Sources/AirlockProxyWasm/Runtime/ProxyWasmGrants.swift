/// Parts of the Proxy-Wasm ABI that a filter may use. A function of a part that was not granted answers 10 (internal
/// failure), and a WASI function 76 (not capable), as Envoy's capability restriction does; the filter is loaded all
/// the same.
public struct ProxyWasmGrants: OptionSet, Sendable, Hashable {
    /// One bit for each part.
    public let rawValue: UInt32

    /// Makes a set of parts from its bits.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Writing to the log, also by standard output and error.
    public static let log = ProxyWasmGrants(rawValue: 1 << 0)
    /// Reading the clocks.
    public static let clock = ProxyWasmGrants(rawValue: 1 << 1)
    /// Random bytes.
    public static let random = ProxyWasmGrants(rawValue: 1 << 2)
    /// Changing headers and trailers. Reading them needs no grant.
    public static let changeHeaders = ProxyWasmGrants(rawValue: 1 << 3)
    /// Reading bodies.
    public static let readBodies = ProxyWasmGrants(rawValue: 1 << 4)
    /// Changing bodies.
    public static let changeBodies = ProxyWasmGrants(rawValue: 1 << 5)
    /// Answering requests itself, and closing streams.
    public static let localReplies = ProxyWasmGrants(rawValue: 1 << 6)
    /// Reading properties of the stream and the connection.
    public static let readProperties = ProxyWasmGrants(rawValue: 1 << 7)
    /// Setting properties, which the other filters of the stream can read.
    public static let setProperties = ProxyWasmGrants(rawValue: 1 << 8)
    /// The values shared by the filters with the same VM identifier.
    public static let sharedData = ProxyWasmGrants(rawValue: 1 << 9)
    /// Metrics.
    public static let metrics = ProxyWasmGrants(rawValue: 1 << 10)
    /// A periodic timer.
    public static let ticks = ProxyWasmGrants(rawValue: 1 << 11)

    /// Everything that this version of the module offers.
    public static let all = ProxyWasmGrants(rawValue: (1 << 12) - 1)
}
