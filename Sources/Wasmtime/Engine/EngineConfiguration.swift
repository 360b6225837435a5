/// The settings of an ``Engine``.
///
/// Modules, linkers and stores of one engine share them. A serialised module can only be read by an engine with the
/// same settings.
public struct EngineConfiguration: Hashable, Sendable {
    /// Whether guests consume fuel: about one unit for each instruction. A store starts with none, so a guest traps at
    /// once unless ``Store/setFuel(_:)`` gave it some.
    public var fuel: Bool
    /// Whether guests can be interrupted by the engine's epoch. A store starts with its deadline passed, so a guest
    /// traps at once unless ``Store/setEpochDeadline(ticks:)`` moved it.
    public var epochs: Bool
    /// Where instances, memories, tables and stacks come from.
    public var allocation: Allocation
    /// The most stack that a guest may use, in bytes, 4 KiB to 4 MiB. A call that runs to completion uses the stack
    /// of the thread that it is made on, which must have that much left, and room for the host functions.
    public var maxWasmStack: Int
    /// The stack of an asynchronous call, in bytes, up to 64 MiB. Host functions run on it above the guest, so it must
    /// exceed ``maxWasmStack`` by at least ``hostStack``.
    public var asyncStackSize: Int
    /// The address space that is reserved for each memory, in bytes up to 4 TiB, or `nil` for the engine's default
    /// (4 GiB, which needs no bounds checks).
    public var memoryReservation: Int?
    /// The address space behind each memory that catches accesses out of bounds, in bytes up to 64 GiB, or `nil` for the
    /// engine's default (32 MiB).
    public var memoryGuardSize: Int?
    /// How much the compiler optimises.
    public var optimization: Optimization
    /// Whether a module is compiled on several threads.
    public var parallelCompilation: Bool
    /// The WebAssembly proposals that modules may use.
    public var features: WasmFeatures
    /// Whether the same inputs give the same results on every machine: not-a-number has one representation, and
    /// relaxed vector instructions have one meaning.
    public var isDeterministic: Bool

    /// The stack that ``asyncStackSize`` must leave to host functions: 256 KiB.
    public static let hostStack = 256 << 10

    /// Where instances come from.
    public enum Allocation: Hashable, Sendable {
        /// Mapped and unmapped for each instance.
        case onDemand
        /// Taken from slots that are reserved when the engine is made; several times as fast.
        case pooling(PoolingLimits)
    }

    /// How much the compiler optimises.
    public enum Optimization: Hashable, Sendable {
        /// Not at all; compiles fastest.
        case none
        /// For speed.
        case speed
        /// For speed, unless the code would become much larger.
        case speedAndSize
    }

    /// Makes settings; everything that is not given has the default shown.
    public init(
        fuel: Bool = false, epochs: Bool = false, allocation: Allocation = .onDemand, maxWasmStack: Int = 512 << 10,
        asyncStackSize: Int = 1 << 20, memoryReservation: Int? = nil, memoryGuardSize: Int? = nil,
        optimization: Optimization = .speed, parallelCompilation: Bool = true, features: WasmFeatures = .standard,
        isDeterministic: Bool = false
    ) {
        self.fuel = fuel
        self.epochs = epochs
        self.allocation = allocation
        self.maxWasmStack = maxWasmStack
        self.asyncStackSize = asyncStackSize
        self.memoryReservation = memoryReservation
        self.memoryGuardSize = memoryGuardSize
        self.optimization = optimization
        self.parallelCompilation = parallelCompilation
        self.features = features
        self.isDeterministic = isDeterministic
    }
}
