public import Wasmtime

/// What a host function has yet to do after it looked at the guest's arguments and memory: wait, and then write its results.
///
/// A function that needs the guest's memory on both sides of a wait has three steps. The first runs on the guest's stack and may use
/// the ``HostCall``; it returns this value. The second waits while the guest is parked, and owns what it uses. The third runs on the
/// guest's stack again, with the same guest's memory as it is then. The first and the last hold the worker loop, so they must be short.
///
///     HostFunction("read") { (files, call, room: GuestBuffer) throws(HostError) -> HostWork<Int32> in
///         let file = try files.current(call)
///         return HostWork { () async throws(HostError) in
///             let bytes = try await file.read(room.capacity)
///             return { (call) throws(HostError) in
///                 try call.write(bytes, at: room.offset)
///                 return Int32(bytes.count)
///             }
///         }
///     }
///
/// Such a function can be granted to suspendable plugins only, also where it often has nothing to wait for.
public struct HostWork<Result: HostResult & WasmValue>: Sendable {
    /// The last step.
    public typealias Finish = @Sendable (borrowing HostCall) throws(HostError) -> Result

    enum Step: Sendable {
        case finished(Result)
        case waiting(@Sendable () async throws(HostError) -> Finish)
    }

    let step: Step

    /// Work that waits. Its task is cancelled when the guest's call is cancelled or times out, and the last step does not run then.
    public init(_ wait: @escaping @Sendable () async throws(HostError) -> Finish) {
        step = .waiting(wait)
    }

    /// No work: the guest goes on at once with this result.
    public static func finished(_ result: Result) -> Self {
        Self(step: .finished(result))
    }

    private init(step: Step) {
        self.step = step
    }
}

extension HostFunction {
    /// A function that may use the guest's memory before and after it waits; see ``HostWork``.
    public init<Result: HostResult & WasmValue, each Parameter: HostParameter>(
        _ name: String,
        _ body:
            @escaping @Sendable (Granted, borrowing HostCall, repeat each Parameter) throws(HostError) -> HostWork<
                Result
            >
    ) {
        self.name = name
        type = Self.functionType(repeat (each Parameter).self, room: [], results: [Result.resultType])
        self.body = .waiting { (capability, call, arguments) throws(HostError) in
            let work = try body(capability, call, repeat try (each Parameter)(from: &arguments, in: call))
            switch work.step {
            case .finished(let result):
                return .finished(RawValue(result))
            case .waiting(let wait):
                return .waiting { () async throws(HostError) in
                    let finish = try await wait()
                    return { (call: borrowing HostCall) throws(HostError) in RawValue(try finish(call)) }
                }
            }
        }
    }
}

/// What an asynchronous host function does after its first step, whatever its types are.
enum PendingWork: Sendable {
    typealias Completion = @Sendable (borrowing HostCall) throws(HostError) -> RawValue?

    case finished(RawValue?)
    case waiting(@Sendable () async throws(HostError) -> Completion)
}
