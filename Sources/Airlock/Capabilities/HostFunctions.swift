/// The host functions of a capability, by the WebAssembly modules that guests import them from.
public struct HostFunctions<Granted: Capability>: Sendable {
    struct Entry: Sendable {
        let module: String
        let function: HostFunction<Granted>
    }

    private(set) var entries: [Entry]

    /// Functions that guests import from `module`.
    public init(module: String, @HostFunctionsBuilder<Granted> _ functions: () -> [HostFunction<Granted>]) {
        entries = functions().map { Entry(module: module, function: $0) }
    }

    /// Functions that guests import from `module`, as an array.
    public init(module: String, _ functions: [HostFunction<Granted>]) {
        entries = functions.map { Entry(module: module, function: $0) }
    }

    /// The functions of both sides; a capability may have some in several modules.
    public static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.entries += right.entries
        return sum
    }
}

/// Collects the ``HostFunction`` values of a capability.
@resultBuilder
public enum HostFunctionsBuilder<Granted: Capability> {
    public static func buildExpression(_ function: HostFunction<Granted>) -> [HostFunction<Granted>] { [function] }

    public static func buildBlock(_ functions: [HostFunction<Granted>]...) -> [HostFunction<Granted>] {
        functions.flatMap { $0 }
    }

    public static func buildArray(_ functions: [[HostFunction<Granted>]]) -> [HostFunction<Granted>] {
        functions.flatMap { $0 }
    }
}
