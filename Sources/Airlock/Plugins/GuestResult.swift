public import Wasmtime

/// What a guest's function returns: a number, or nothing (``NoResult``).
public protocol GuestResult: Sendable {
    /// The WebAssembly results.
    static var resultTypes: [ValueType] { get }
    /// Reads the result after the call.
    init(_ slots: borrowing CallSlots)
}

/// The result of a function that returns nothing.
@frozen
public struct NoResult: GuestResult, Hashable {
    public static var resultTypes: [ValueType] { [] }

    @inlinable
    public init(_ slots: borrowing CallSlots) {}
}

extension GuestResult where Self: WasmValue {
    public static var resultTypes: [ValueType] { [valueType] }

    @inlinable
    public init(_ slots: borrowing CallSlots) {
        self = slots.first()
    }
}

extension Int32: GuestResult {}
extension UInt32: GuestResult {}
extension Int64: GuestResult {}
extension UInt64: GuestResult {}
extension Float: GuestResult {}
extension Double: GuestResult {}
