/// How a guest was stopped: why, and what it was running.
public struct Trap: Sendable {
    /// Why the guest was stopped, or `nil` when it was not one of the engine's own reasons.
    public let code: Code?

    /// What happened, in words.
    public let message: String

    /// The guest's frames, innermost first; the engine keeps at most 20.
    public let backtrace: [Frame]

    /// The same with other names of functions, which `name` finds by their index.
    package func namingFunctions(_ name: (UInt32) -> String?) -> Trap {
        let frames = backtrace.map { frame in
            var frame = frame
            frame.functionName = name(frame.functionIndex)
            return frame
        }
        return Trap(code: code, message: message, backtrace: frames)
    }
}

extension Trap {
    /// A reason to stop a guest, with the number that the engine gives it (`wasmtime_trap_code_enum`).
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The engine's number.
        public let rawValue: UInt8

        /// Makes a code from the engine's number.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// The guest used up the stack that ``EngineConfiguration/maxWasmStack`` allows.
        public static let stackOverflow = Code(rawValue: 0)
        /// A load, a store or a bulk operation outside a memory.
        public static let memoryOutOfBounds = Code(rawValue: 1)
        /// An atomic operation at an address that is not aligned.
        public static let heapMisaligned = Code(rawValue: 2)
        /// An access outside a table.
        public static let tableOutOfBounds = Code(rawValue: 3)
        /// An indirect call through an empty table entry.
        public static let indirectCallToNull = Code(rawValue: 4)
        /// An indirect call to a function of another type.
        public static let badSignature = Code(rawValue: 5)
        /// An integer operation whose result does not fit.
        public static let integerOverflow = Code(rawValue: 6)
        /// An integer division by zero.
        public static let integerDivisionByZero = Code(rawValue: 7)
        /// A conversion of a number that no integer of that type stands for.
        public static let badConversionToInteger = Code(rawValue: 8)
        /// An `unreachable` instruction, which is how most languages abort.
        public static let unreachable = Code(rawValue: 9)
        /// The store's epoch deadline passed.
        public static let interrupt = Code(rawValue: 10)
        /// The store's fuel ran out.
        public static let outOfFuel = Code(rawValue: 11)
        /// A wait on a memory that is not shared.
        public static let atomicWaitNonSharedMemory = Code(rawValue: 12)
        /// A use of a null reference.
        public static let nullReference = Code(rawValue: 13)
        /// An access outside a garbage-collected array.
        public static let arrayOutOfBounds = Code(rawValue: 14)
        /// A garbage-collected allocation that can never succeed.
        public static let allocationTooLarge = Code(rawValue: 15)
        /// A cast of a reference to a type that it does not have.
        public static let castFailure = Code(rawValue: 16)
    }
}

extension Trap.Code: CustomStringConvertible {
    /// The reason's name.
    public var description: String {
        switch self {
        case .stackOverflow: "stack overflow"
        case .memoryOutOfBounds: "memory access out of bounds"
        case .heapMisaligned: "misaligned atomic access"
        case .tableOutOfBounds: "table access out of bounds"
        case .indirectCallToNull: "indirect call to null"
        case .badSignature: "indirect call to a function of another type"
        case .integerOverflow: "integer overflow"
        case .integerDivisionByZero: "integer division by zero"
        case .badConversionToInteger: "number that no integer stands for"
        case .unreachable: "unreachable instruction"
        case .interrupt: "epoch deadline"
        case .outOfFuel: "out of fuel"
        case .atomicWaitNonSharedMemory: "wait on a memory that is not shared"
        case .nullReference: "null reference"
        case .arrayOutOfBounds: "array access out of bounds"
        case .allocationTooLarge: "allocation too large"
        case .castFailure: "cast failure"
        default: "trap code \(rawValue)"
        }
    }
}

extension Trap {
    /// One function that was running in the guest.
    public struct Frame: Hashable, Sendable, CustomStringConvertible {
        /// The function's name, from the module's name section: its first 256 bytes.
        public internal(set) var functionName: String?
        /// The function's index in its module.
        public let functionIndex: UInt32
        /// The module's name, from its name section: its first 256 bytes.
        public let moduleName: String?
        /// Where in the function's body, in bytes, or `nil` when the engine does not know.
        public let functionOffset: Int?
        /// Where in the module, in bytes, or `nil` when the engine does not know.
        public let moduleOffset: Int?

        /// The frame as one line: module, function, and offset in the module.
        public var description: String {
            let function = functionName ?? "function \(functionIndex)"
            let place = moduleOffset.map { " + 0x\(String($0, radix: 16))" } ?? ""
            return "\(moduleName ?? "module")!\(function)\(place)"
        }
    }
}
