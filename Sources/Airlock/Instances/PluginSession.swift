public import Wasmtime

/// One instance for the length of a closure: several calls, and what is read and written between them, under the fuel, the deadline
/// and the other limits of one call.
///
/// It runs on the instance's worker loop and cannot be kept. Offsets are checked as unsigned numbers against the exported memory.
public struct PluginSession: ~Copyable {
    private let instance: LiveInstance

    init(_ instance: LiveInstance) {
        self.instance = instance
    }

    /// Calls an exported function.
    @discardableResult
    @inlinable
    public func call<Result: GuestResult, each Parameter: WasmValue>(
        _ function: GuestFunction<Result, repeat each Parameter>,
        _ argument: repeat each Parameter
    ) throws(PluginError) -> Result {
        var slots = CallSlots(repeat each argument)
        try run(function.signature, &slots)
        return Result(slots)
    }

    @usableFromInline
    func run(_ signature: GuestSignature, _ slots: inout CallSlots) throws(PluginError) {
        try instance.run(signature, &slots)
    }

    /// Bytes of the exported memory; 0 where there is none.
    public var memorySize: Int { instance.state.memory?.byteCount ?? 0 }

    /// A copy of bytes of the guest's memory.
    public func bytes(of bytes: GuestBytes) throws(PluginError) -> [UInt8] {
        try instance.read(bytes)
    }

    /// Writes bytes into the guest's memory.
    public func write(_ bytes: [UInt8], at offset: UInt32) throws(PluginError) {
        try instance.write(bytes, at: offset)
    }

    /// What the session has used until now.
    public var report: CallReport { instance.report }
}
