/// A Swift number that passes between host and guest as it is.
///
/// The conforming types are all there are: `Int32` and `UInt32` (both `i32`), `Int64` and `UInt64` (both `i64`),
/// `Float` (`f32`) and `Double` (`f64`).
public protocol WasmValue: BitwiseCopyable, Sendable {
    /// The WebAssembly type that it stands for.
    static var valueType: ValueType { get }
    /// Reads the number from the first eight bytes of a value.
    init(rawBits: UInt64)
    /// The first eight bytes of the value that holds the number.
    var rawBits: UInt64 { get }
}

extension Int32: WasmValue {
    /// `i32`.
    public static var valueType: ValueType { .i32 }
    /// Reads the lower half.
    @inlinable @inline(__always) public init(rawBits: UInt64) { self.init(truncatingIfNeeded: rawBits) }
    /// The bits of the number in the lower half.
    @inlinable @inline(__always) public var rawBits: UInt64 { UInt64(UInt32(bitPattern: self)) }
}

extension UInt32: WasmValue {
    /// `i32`.
    public static var valueType: ValueType { .i32 }
    /// Reads the lower half.
    @inlinable @inline(__always) public init(rawBits: UInt64) { self.init(truncatingIfNeeded: rawBits) }
    /// The number in the lower half.
    @inlinable @inline(__always) public var rawBits: UInt64 { UInt64(self) }
}

extension Int64: WasmValue {
    /// `i64`.
    public static var valueType: ValueType { .i64 }
    /// Reads all bits.
    @inlinable @inline(__always) public init(rawBits: UInt64) { self.init(bitPattern: rawBits) }
    /// The bits of the number.
    @inlinable @inline(__always) public var rawBits: UInt64 { UInt64(bitPattern: self) }
}

extension UInt64: WasmValue {
    /// `i64`.
    public static var valueType: ValueType { .i64 }
    /// Reads all bits.
    @inlinable @inline(__always) public init(rawBits: UInt64) { self = rawBits }
    /// The number.
    @inlinable @inline(__always) public var rawBits: UInt64 { self }
}

extension Float: WasmValue {
    /// `f32`.
    public static var valueType: ValueType { .f32 }
    /// Reads the lower half.
    @inlinable @inline(__always) public init(rawBits: UInt64) {
        self.init(bitPattern: UInt32(truncatingIfNeeded: rawBits))
    }
    /// The bits of the number in the lower half.
    @inlinable @inline(__always) public var rawBits: UInt64 { UInt64(bitPattern) }
}

extension Double: WasmValue {
    /// `f64`.
    public static var valueType: ValueType { .f64 }
    /// Reads all bits.
    @inlinable @inline(__always) public init(rawBits: UInt64) { self.init(bitPattern: rawBits) }
    /// The bits of the number.
    @inlinable @inline(__always) public var rawBits: UInt64 { bitPattern }
}
