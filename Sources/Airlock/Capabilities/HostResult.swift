public import Wasmtime

/// A type that a host function can return.
///
/// Numbers are the WebAssembly result. `[UInt8]` and `String` are written into room that the guest gives: the
/// function gets two more `i32` parameters at the end (offset, capacity) and returns as `i32` how many bytes the value has;
/// they were written if, and only if, they fit the capacity.
public protocol HostResult: Sendable {
    /// The parameters that the guest's function has behind its own ones.
    static var roomTypes: [ValueType] { get }
    /// The WebAssembly result.
    static var resultType: ValueType { get }
    /// Makes the raw result, after writing what does not fit a register into the guest's `room`.
    func encode(into room: GuestBuffer, of call: borrowing HostCall) throws(HostError) -> RawValue
}

extension HostResult where Self: WasmValue {
    public static var roomTypes: [ValueType] { [] }
    public static var resultType: ValueType { valueType }

    public func encode(into room: GuestBuffer, of call: borrowing HostCall) -> RawValue {
        RawValue(self)
    }
}

extension Int32: HostResult {}
extension UInt32: HostResult {}
extension Int64: HostResult {}
extension UInt64: HostResult {}
extension Float: HostResult {}
extension Double: HostResult {}

extension Array: HostResult where Element == UInt8 {
    public static var roomTypes: [ValueType] { [.i32, .i32] }
    public static var resultType: ValueType { .i32 }

    public func encode(into room: GuestBuffer, of call: borrowing HostCall) throws(HostError) -> RawValue {
        guard let count = Int32(exactly: count) else {
            throw HostError(.failed, "the result has \(count) bytes, more than a guest can count")
        }
        if count <= Int64(room.capacity) {
            try call.write(self, at: room.offset)
        }
        return RawValue(count)
    }
}

extension String: HostResult {
    public static var roomTypes: [ValueType] { [.i32, .i32] }
    public static var resultType: ValueType { .i32 }

    public func encode(into room: GuestBuffer, of call: borrowing HostCall) throws(HostError) -> RawValue {
        try Array(utf8).encode(into: room, of: call)
    }
}
