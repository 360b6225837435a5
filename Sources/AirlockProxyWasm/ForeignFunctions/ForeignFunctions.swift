/// Functions beyond the ABI that filters call by name (Proxy-Wasm 0.2.1, "Foreign function interface (FFI)").
///
///     var functions = ForeignFunctions.builtIn()
///     functions["example_lookup"] = { (call) throws(ForeignFunctionError) in
///         guard let value = table[call.arguments] else { throw .notFound }
///         return value
///     }
///     let runtime = ProxyWasmRuntime(host: host, foreignFunctions: functions, logger: logger)
///
/// A function runs on the filter's worker loop, which serves nothing else meanwhile, and its time counts against the deadline of the
/// filter's callback: what takes long is begun elsewhere, and told by a ``ForeignFunctionRecipient``.
public struct ForeignFunctions: Sendable {
    /// What a function does.
    /// - Returns: the bytes that the filter gets; none where it has nothing to tell.
    /// - Throws: what the filter gets as the status.
    public typealias Body = @Sendable (borrowing ForeignFunctionCall) throws(ForeignFunctionError) -> [UInt8]

    private var functions: [String: Body] = [:]

    /// No functions.
    public init() {}

    /// The function of that name; nil where there is none, which filters are told as "not found".
    public subscript(name: String) -> Body? {
        get { functions[name] }
        set { functions[name] = newValue }
    }

    /// The names that filters can call.
    public var names: Set<String> { Set(functions.keys) }

    /// The longest name of a function in bytes.
    static let maximumNameBytes = 256
}

/// Why a foreign function does not do what it was asked for, as the filter is told (Proxy-Wasm 0.2.1, "proxy_status_t").
public enum ForeignFunctionError: Error, Sendable, Hashable {
    /// 1: what was asked for is not there.
    case notFound
    /// 2: the arguments are not what the function takes.
    case badArgument
    /// 3: the result could not be made.
    case serializationFailure
    /// 4: the arguments could not be read.
    case parseFailure
    /// 10: it failed for another reason.
    case internalFailure
    /// 12: it is not done here.
    case unimplemented

    var status: Status {
        switch self {
        case .notFound: .notFound
        case .badArgument: .badArgument
        case .serializationFailure: .serializationFailure
        case .parseFailure: .parseFailure
        case .internalFailure: .internalFailure
        case .unimplemented: .unimplemented
        }
    }
}
