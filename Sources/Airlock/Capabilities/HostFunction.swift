import Wasmtime

/// A host function of a capability: its name, its WebAssembly type and what it does.
///
/// The closure receives the granted capability value, the ``HostCall`` and the guest's arguments. Spell out `throws(HostError)` and
/// the types in parentheses, so that the compiler picks the right initialiser:
///
///     HostFunction("log") { (logging, call, level: Int32, text: GuestString) throws(HostError) in … }
///     HostFunction("fetch") { (store, call, key: String) async throws(HostError) -> [UInt8] in … }
///
/// An asynchronous function gets copies of its arguments and an ``AsyncHostCall``; the guest's fiber is parked until it returns,
/// and the worker loop serves other calls. It can be granted to suspendable plugins only. One that needs the guest's memory before
/// and after it waits returns ``HostWork``.
public struct HostFunction<Granted: Capability>: Sendable {
    /// The name that guests import it by.
    public let name: String
    let type: FunctionType
    let body: Body

    enum Body: Sendable {
        case immediate(@Sendable (Granted, borrowing HostCall, inout HostArguments) throws(HostError) -> RawValue?)
        case waiting(@Sendable (Granted, borrowing HostCall, inout HostArguments) throws(HostError) -> PendingWork)
    }

    /// A function that returns a value at once.
    public init<Result: HostResult, each Parameter: HostParameter>(
        _ name: String,
        _ body: @escaping @Sendable (Granted, borrowing HostCall, repeat each Parameter) throws(HostError) -> Result
    ) {
        self.name = name
        type = Self.functionType(repeat (each Parameter).self, room: Result.roomTypes, results: [Result.resultType])
        self.body = .immediate { (capability, call, arguments) throws(HostError) in
            let result = try body(capability, call, repeat try (each Parameter)(from: &arguments, in: call))
            return try result.encode(into: arguments.room(for: Result.self), of: call)
        }
    }

    /// A function that returns nothing.
    public init<each Parameter: HostParameter>(
        _ name: String,
        _ body: @escaping @Sendable (Granted, borrowing HostCall, repeat each Parameter) throws(HostError) -> Void
    ) {
        self.name = name
        type = Self.functionType(repeat (each Parameter).self, room: [], results: [])
        self.body = .immediate { (capability, call, arguments) throws(HostError) in
            try body(capability, call, repeat try (each Parameter)(from: &arguments, in: call))
            return nil
        }
    }

    /// A function that may wait before it returns a value.
    public init<Result: HostResult, each Parameter: OwnedHostParameter>(
        _ name: String,
        _ body: @escaping @Sendable (Granted, AsyncHostCall, repeat each Parameter) async throws(HostError) -> Result
    ) {
        self.name = name
        type = Self.functionType(repeat (each Parameter).self, room: Result.roomTypes, results: [Result.resultType])
        self.body = .waiting { (capability, call, arguments) throws(HostError) in
            let values = (repeat try (each Parameter)(from: &arguments, in: call))
            let room = arguments.room(for: Result.self)
            let asyncCall = AsyncHostCall(call)
            return .waiting { () async throws(HostError) in
                let result = try await body(capability, asyncCall, repeat each values)
                return { (call: borrowing HostCall) throws(HostError) in try result.encode(into: room, of: call) }
            }
        }
    }

    /// A function that may wait and returns nothing.
    public init<each Parameter: OwnedHostParameter>(
        _ name: String,
        _ body: @escaping @Sendable (Granted, AsyncHostCall, repeat each Parameter) async throws(HostError) -> Void
    ) {
        self.name = name
        type = Self.functionType(repeat (each Parameter).self, room: [], results: [])
        self.body = .waiting { (capability, call, arguments) throws(HostError) in
            let values = (repeat try (each Parameter)(from: &arguments, in: call))
            let asyncCall = AsyncHostCall(call)
            return .waiting { () async throws(HostError) in
                try await body(capability, asyncCall, repeat each values)
                return { (_: borrowing HostCall) throws(HostError) in nil }
            }
        }
    }

    static func functionType<each Parameter: HostParameter>(
        _ parameter: repeat (each Parameter).Type,
        room: [ValueType],
        results: [ValueType]
    ) -> FunctionType {
        var parameters: [ValueType] = []
        for types in repeat (each parameter).parameterTypes {
            parameters += types
        }
        return FunctionType(parameters: parameters + room, results: results)
    }
}
