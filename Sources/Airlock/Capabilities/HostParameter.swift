public import Wasmtime

/// A type that a host function can take as a parameter.
///
/// Numbers are one WebAssembly parameter each. ``GuestBytes``, ``GuestString``, `String` and `[UInt8]` are two (`i32`
/// offset, `i32` length); ``GuestBuffer`` likewise (offset, capacity).
public protocol HostParameter: Sendable {
    /// The WebAssembly parameters that make one such value.
    static var parameterTypes: [ValueType] { get }
    /// Reads one value.
    init(from arguments: inout HostArguments, in call: borrowing HostCall) throws(HostError)
}

/// A parameter that owns what it holds, so that an asynchronous host function can keep it while the guest sleeps.
public protocol OwnedHostParameter: HostParameter {}

/// The arguments of one host call, read from left to right. They belong to the call and cannot be kept.
@safe  // Made for one call and lent to it: nothing of it can be kept, and `next` stays within the slots.
public struct HostArguments: ~Copyable {
    private let slots: UnsafeBufferPointer<RawValue>
    private var position = 0

    init(_ slots: UnsafeBufferPointer<RawValue>) {
        unsafe self.slots = unsafe slots
    }

    /// The next argument. The number and the types were compared with the guest's when it was linked.
    public mutating func next<Value: WasmValue>(as type: Value.Type = Value.self) -> Value {
        defer { position += 1 }
        // Safe: UnsafeBufferPointer's subscript is unchecked in release builds, but `position` never passes the number of
        // parameters of the linked function type, which was made of the same list of `parameterTypes`.
        return unsafe slots[position].as(Value.self)
    }
}

extension HostParameter where Self: WasmValue {
    public static var parameterTypes: [ValueType] { [valueType] }

    public init(from arguments: inout HostArguments, in call: borrowing HostCall) {
        self = arguments.next()
    }
}

extension Int32: OwnedHostParameter {}
extension UInt32: OwnedHostParameter {}
extension Int64: OwnedHostParameter {}
extension UInt64: OwnedHostParameter {}
extension Float: OwnedHostParameter {}
extension Double: OwnedHostParameter {}

extension GuestBytes: HostParameter {
    public static var parameterTypes: [ValueType] { [.i32, .i32] }

    public init(from arguments: inout HostArguments, in call: borrowing HostCall) {
        self.init(offset: arguments.next(), count: arguments.next())
    }
}

extension GuestString: HostParameter {
    public static var parameterTypes: [ValueType] { [.i32, .i32] }

    public init(from arguments: inout HostArguments, in call: borrowing HostCall) {
        self.init(GuestBytes(offset: arguments.next(), count: arguments.next()))
    }
}

extension GuestBuffer: HostParameter {
    public static var parameterTypes: [ValueType] { [.i32, .i32] }

    public init(from arguments: inout HostArguments, in call: borrowing HostCall) {
        self.init(offset: arguments.next(), capacity: arguments.next())
    }
}

extension Array: HostParameter, OwnedHostParameter where Element == UInt8 {
    public static var parameterTypes: [ValueType] { [.i32, .i32] }

    public init(from arguments: inout HostArguments, in call: borrowing HostCall) throws(HostError) {
        self = try call.bytes(of: GuestBytes(offset: arguments.next(), count: arguments.next()))
    }
}

extension String: OwnedHostParameter {
    public static var parameterTypes: [ValueType] { [.i32, .i32] }

    public init(from arguments: inout HostArguments, in call: borrowing HostCall) throws(HostError) {
        self = try call.string(of: GuestString(GuestBytes(offset: arguments.next(), count: arguments.next())))
    }
}

extension HostArguments {
    /// The room that the guest gives for a result of that type, from the arguments behind the function's own.
    mutating func room<Result: HostResult>(for type: Result.Type) -> GuestBuffer {
        guard !Result.roomTypes.isEmpty else { return GuestBuffer(offset: 0, capacity: 0) }
        return GuestBuffer(offset: next(), capacity: next())
    }
}
