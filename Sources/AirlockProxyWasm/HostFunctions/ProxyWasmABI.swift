public import Airlock

/// The host functions of Proxy-Wasm 0.1.0, 0.2.0 and 0.2.1, and the WASI functions that filters import, as Envoy's host
/// answers them. What was not granted is linked, too, and refuses.
///
/// A filter may import what any of these versions has, whichever it names itself; Envoy refuses functions of other versions.
///
/// A runtime links it with every filter. As a grant in a policy it says which functions filters may have; see
/// ``FilterConfiguration/policy``.
public struct ProxyWasmABI: Capability {
    public static let id: CapabilityID = "proxy-wasm"

    /// The functions that do what they are called for.
    public let grants: ProxyWasmGrants
    /// The upstreams that may be called by HTTP and gRPC; all that there are where it is nil.
    public let upstreams: Set<String>?

    /// The foreign functions that may be called; all that there are where it is nil.
    public let foreignFunctions: Set<String>?
    /// The properties that may be read and set, where the functions for that are granted; all where it is nil.
    public let properties: Set<PropertyPattern>?
    /// The functions that do more than refuse, by name; nil for all that are granted. Names of callbacks may be among them.
    let allowed: Set<String>?

    /// Makes a grant of these functions.
    public init(
        grants: ProxyWasmGrants, upstreams: Set<String>? = nil, foreignFunctions: Set<String>? = nil,
        properties: Set<PropertyPattern>? = nil
    ) {
        self.init(
            grants: grants, upstreams: upstreams, foreignFunctions: foreignFunctions, properties: properties,
            allowed: nil)
    }

    init(
        grants: ProxyWasmGrants, upstreams: Set<String>?, foreignFunctions: Set<String>?,
        properties: Set<PropertyPattern>?, allowed: Set<String>?
    ) {
        self.grants = grants
        self.upstreams = upstreams
        self.foreignFunctions = foreignFunctions
        self.properties = properties
        self.allowed = allowed
    }

    /// What is in both grants.
    func limited(to other: Self) -> Self {
        func both<Names>(_ names: Names?, _ others: Names?, _ common: (Names, Names) -> Names) -> Names? {
            if let names, let others { common(names, others) } else { names ?? others }
        }
        func both(_ names: Set<String>?, _ others: Set<String>?) -> Set<String>? {
            both(names, others) { $0.intersection($1) }
        }
        return Self(
            grants: grants.intersection(other.grants),
            upstreams: both(upstreams, other.upstreams),
            foreignFunctions: both(foreignFunctions, other.foreignFunctions),
            properties: both(properties, other.properties, PropertyPattern.inBoth),
            allowed: both(allowed, other.allowed))
    }

    public static let functions =
        HostFunctions<Self>(module: "env", environmentFunctions)
        + HostFunctions<Self>(module: "wasi_snapshot_preview1", wasiFunctions)
        + HostFunctions<Self>(module: "wasi_unstable", wasiFunctions)

    private static let environmentFunctions: [HostFunction<Self>] =
        logFunctions + headerFunctions + bufferFunctions + streamFunctions + contextFunctions
        + propertyFunctions + sharedDataFunctions + queueFunctions + metricFunctions + callOutFunctions + grpcFunctions
        + oldFunctions + foreignFunctionFunctions

    /// The names of all of them.
    static let functionNames = Set((environmentFunctions + wasiFunctions).map(\.name))

    /// When a function may be called.
    struct Use {
        var name: String
        /// What it needs; nothing by default.
        var needs: ProxyWasmGrants = []
        /// Whether start functions may call it; those of WASI they always may.
        var whileStarting = false
        /// Whether the allocator may call it.
        var whileAllocating = false
    }

    /// Runs the body of an ABI function.
    /// - Returns: The status for the guest.
    func answer(
        _ use: @autoclosure () -> Use,
        _ call: borrowing HostCall,
        _ body: (VMState) throws(Refusal) -> Void
    ) throws(HostError) -> UInt32 {
        try run(use(), ungranted: Status.internalFailure.rawValue, call, body)
    }

    /// Runs the body of a WASI function.
    /// - Returns: The error number for the guest.
    func answerWASI(
        _ use: @autoclosure () -> Use,
        _ call: borrowing HostCall,
        _ body: (VMState) throws(Refusal) -> Void
    ) throws(HostError) -> UInt32 {
        var use = use()
        use.whileStarting = true
        return try run(use, ungranted: WASIErrno.notCapable, call) { (vm) throws(Refusal) in
            do throws(Refusal) {
                try body(vm)
            } catch {
                guard case .status(.invalidMemoryAccess) = error else { throw error }
                throw .errno(WASIErrno.fault)
            }
        }
    }

    private func run(
        _ use: Use,
        ungranted: UInt32,
        _ call: borrowing HostCall,
        _ body: (VMState) throws(Refusal) -> Void
    ) throws(HostError) -> UInt32 {
        guard let vm = call.attachment(as: VMState.self) else {
            throw HostError(.failed, "'\(use.name)' was called outside a Proxy-Wasm virtual machine")
        }
        switch vm.phase {
        case .running: break
        case .starting where use.whileStarting: break
        case .allocating where use.whileAllocating: break
        case .starting, .allocating:
            let phase = vm.phase == .starting ? "start functions" : "allocator"
            throw HostError(.abiViolation, "the \(phase) called '\(use.name)', which is a restricted callback")
        }
        guard grants.isSuperset(of: use.needs), allowed?.contains(use.name) ?? true else {
            vm.logRefusal(of: use.name)
            return ungranted
        }
        do {
            try body(vm)
            return 0
        } catch {
            switch error {
            case .status(let status): return status.rawValue
            case .errno(let number): return number
            case .stop(let error): throw error
            }
        }
    }
}
