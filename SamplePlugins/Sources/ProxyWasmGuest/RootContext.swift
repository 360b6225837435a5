public import GuestJSON

/// A configured plugin. Mark the class that conforms with `@main`; the host makes one for each configuration that it
/// runs in this virtual machine, and asks it for a filter for each HTTP stream.
///
/// Every function has a default that lets traffic pass.
public protocol RootContext: AnyObject {
    /// Makes the context before it is configured. No host function may be called here except `log`.
    init()

    /// Reads the configuration, often empty. Called once before the first stream.
    ///
    /// - Throws: `ConfigurationError`. It is logged at level error, and the host refuses the plugin.
    func onConfigure(_ configuration: Span<UInt8>) throws(ConfigurationError)

    /// Called once for each virtual machine, before `onConfigure`; false refuses the plugin.
    func onStart(_ vmConfiguration: Span<UInt8>) -> Bool

    /// Called each time the period set with `setTickPeriod(milliseconds:)` has passed.
    func onTick()

    /// Makes the filter of one HTTP stream. `id` selects the stream in `actOn(_:)`.
    func makeFilter(_ id: ContextID) -> any HTTPFilter
}

extension RootContext {
    public func onConfigure(_ configuration: Span<UInt8>) throws(ConfigurationError) {}
    public func onStart(_ vmConfiguration: Span<UInt8>) -> Bool { true }
    public func onTick() {}

    /// Registers the conforming class. The host's call of `_initialize` arrives here through `@main`.
    public static func main() {
        Contexts.makeRoot = { Self() }
    }
}

/// Names a root context or a stream to the host. Source: Proxy-Wasm ABI 0.2.1, "proxy_on_context_create".
public struct ContextID: Equatable, Sendable {
    /// The number in the ABI.
    public let rawValue: UInt32
}
