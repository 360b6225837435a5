import Airlock
import Wasmtime

/// Bytes for a guest, or a number below zero that says why there are none.
///
/// The guest's function has two more parameters (`i32` offset and `i32` capacity of its room) and returns an `i32`: the number of bytes,
/// which were written if, and only if, they fit the capacity; or the code.
struct GuestReply: HostResult {
    private let bytes: [UInt8]
    private let code: Int32

    static var roomTypes: [ValueType] { [UInt8].roomTypes }
    static var resultType: ValueType { [UInt8].resultType }

    static func bytes(_ bytes: [UInt8]) -> Self { GuestReply(bytes: bytes, code: 0) }
    static func code(_ code: Int32) -> Self { GuestReply(bytes: [], code: code) }

    func encode(into room: GuestBuffer, of call: borrowing HostCall) throws(HostError) -> RawValue {
        code < 0 ? RawValue(code) : try bytes.encode(into: room, of: call)
    }
}
