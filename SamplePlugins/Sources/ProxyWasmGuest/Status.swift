/// What a host function answered. Source: Proxy-Wasm ABI 0.2.1, section "proxy_status_t".
public struct Status: Equatable, Sendable {
    /// The number in the ABI.
    public let rawValue: UInt32

    init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// Done.
    public static let ok = Status(0)
    /// No such header, property, key or context.
    public static let notFound = Status(1)
    /// An argument is out of its range, or does not fit the current callback.
    public static let badArgument = Status(2)
    /// A pointer and length lie outside linear memory, or the guest had no memory for the result.
    public static let invalidMemoryAccess = Status(6)
    /// Nothing is there to take.
    public static let empty = Status(7)
    /// The value changed since it was read.
    public static let casMismatch = Status(8)
    /// The host failed.
    public static let internalFailure = Status(10)
    /// The host does not have this function.
    public static let unimplemented = Status(12)
}
