/// The type of a value in WebAssembly.
public enum ValueType: Hashable, Sendable {
    /// An integer of 32 bits, without a sign of its own.
    case i32
    /// An integer of 64 bits, without a sign of its own.
    case i64
    /// A floating-point number of 32 bits.
    case f32
    /// A floating-point number of 64 bits.
    case f64
    /// A vector of 128 bits.
    case v128
    /// A reference.
    case reference(ReferenceType)

    /// A nullable reference to any function.
    public static let funcref = ValueType.reference(ReferenceType(isNullable: true, heapType: .function))
    /// A nullable reference to any object of the host.
    public static let externref = ValueType.reference(ReferenceType(isNullable: true, heapType: .external))

    /// Whether it is a reference, which the host can neither make nor pass.
    public var isReference: Bool {
        if case .reference = self { true } else { false }
    }
}

/// The type of a reference in WebAssembly.
public struct ReferenceType: Hashable, Sendable {
    /// Whether the reference may be null.
    public let isNullable: Bool
    /// What it refers to.
    public let heapType: HeapType

    /// Makes a reference type.
    public init(isNullable: Bool, heapType: HeapType) {
        self.isNullable = isNullable
        self.heapType = heapType
    }

    /// What a reference refers to; the cases carry the names of the specification's heap types, and the types that a
    /// module defines itself are told apart by kind only.
    public enum HeapType: String, Hashable, Sendable {
        /// `func`.
        case function = "func"
        /// `nofunc`.
        case noFunction = "nofunc"
        /// A function type that the module defines.
        case definedFunction = "$func"
        /// `extern`.
        case external = "extern"
        /// `noextern`.
        case noExternal = "noextern"
        /// `exn`.
        case exception = "exn"
        /// `noexn`.
        case noException = "noexn"
        /// An exception type that the module defines.
        case definedException = "$exn"
        /// `any`.
        case any
        /// `none`.
        case none
        /// `eq`.
        case equatable = "eq"
        /// `i31`.
        case i31
        /// `array`.
        case array
        /// An array type that the module defines.
        case definedArray = "$array"
        /// `struct`.
        case structure = "struct"
        /// A struct type that the module defines.
        case definedStructure = "$struct"
        /// A heap type that this library does not know.
        case unknown
    }
}

extension ValueType: CustomStringConvertible {
    /// The type as WebAssembly text writes it.
    public var description: String {
        switch self {
        case .i32: "i32"
        case .i64: "i64"
        case .f32: "f32"
        case .f64: "f64"
        case .v128: "v128"
        case .funcref: "funcref"
        case .externref: "externref"
        case .reference(let type): "(ref \(type.isNullable ? "null " : "")\(type.heapType.rawValue))"
        }
    }
}
