/// The WebAssembly proposals that an engine accepts beyond the core language.
///
/// Sign extension, conversions that saturate, mutable globals and extended constants have no switch: they are on.
/// Asynchronous components have none either: they are off.
public struct WasmFeatures: OptionSet, Hashable, Sendable {
    /// One bit for each proposal.
    public let rawValue: UInt32

    /// Makes a set from its bits.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Functions and blocks with several results.
    public static let multiValue = WasmFeatures(rawValue: 1 << 0)
    /// Instructions that copy and fill parts of memories and tables.
    public static let bulkMemory = WasmFeatures(rawValue: 1 << 1)
    /// References as values, and several tables.
    public static let referenceTypes = WasmFeatures(rawValue: 1 << 2)
    /// References to functions of a known type. Needs ``referenceTypes``.
    public static let functionReferences = WasmFeatures(rawValue: 1 << 3)
    /// Calls that replace the frame of their caller.
    public static let tailCalls = WasmFeatures(rawValue: 1 << 4)
    /// Exceptions that guests throw and catch. Needs ``referenceTypes``.
    public static let exceptions = WasmFeatures(rawValue: 1 << 5)
    /// Vectors of 128 bits.
    public static let simd = WasmFeatures(rawValue: 1 << 6)
    /// Vector instructions whose results may differ between processors. Needs ``simd``.
    public static let relaxedSIMD = WasmFeatures(rawValue: 1 << 7)
    /// Several memories in a module.
    public static let multiMemory = WasmFeatures(rawValue: 1 << 8)
    /// Memories and tables with addresses of 64 bits.
    public static let memory64 = WasmFeatures(rawValue: 1 << 9)
    /// Atomic instructions and memories that threads share.
    public static let threads = WasmFeatures(rawValue: 1 << 10)
    /// Objects that the engine collects. Needs ``functionReferences``.
    public static let garbageCollection = WasmFeatures(rawValue: 1 << 11)
    /// Memory pages of another size than 64 KiB.
    public static let customPageSizes = WasmFeatures(rawValue: 1 << 12)
    /// Coroutines inside of a guest. Needs ``functionReferences`` and ``exceptions``.
    public static let stackSwitching = WasmFeatures(rawValue: 1 << 13)
    /// Multiplication and addition of 128 bits.
    public static let wideArithmetic = WasmFeatures(rawValue: 1 << 14)

    /// What compilers emit without being asked.
    public static let standard: WasmFeatures = [
        .multiValue, .bulkMemory, .referenceTypes, .functionReferences, .tailCalls, .exceptions, .simd,
    ]

    /// The proposals that a proposal cannot be on without.
    static let requirements: [(feature: WasmFeatures, name: String, needs: WasmFeatures, needed: String)] = [
        (.functionReferences, "functionReferences", .referenceTypes, "referenceTypes"),
        (.exceptions, "exceptions", .referenceTypes, "referenceTypes"),
        (.relaxedSIMD, "relaxedSIMD", .simd, "simd"),
        (.garbageCollection, "garbageCollection", .functionReferences, "functionReferences"),
        (.stackSwitching, "stackSwitching", [.functionReferences, .exceptions], "functionReferences and exceptions"),
    ]
}
