import Airlock

/// What a WASI function has yet to do after it read its arguments.
enum WASIWork: Sendable {
    /// Runs where the guest runs, and writes what the guest is to see.
    typealias Finish = @Sendable (borrowing HostCall) throws(WASIFailure) -> Void

    case done
    case waiting(@Sendable () async throws(WASIFailure) -> Finish)
}

extension HostFunction<WASI> {
    /// A function that answers at once, with an error number or success.
    static func wasi<each Parameter: HostParameter>(
        _ name: String,
        _ body: @escaping @Sendable (WASI, borrowing HostCall, repeat each Parameter) throws(WASIFailure) -> Void
    ) -> Self {
        HostFunction(name) {
            (wasi: WASI, call: borrowing HostCall, parameter: repeat each Parameter) throws(HostError) -> UInt32 in
            do throws(WASIFailure) {
                try body(wasi, call, repeat each parameter)
                return WASIErrno.success.rawValue
            } catch {
                return try error.answer()
            }
        }
    }

    /// A function that may wait.
    static func wasiWaiting<each Parameter: HostParameter>(
        _ name: String,
        _ body: @escaping @Sendable (WASI, borrowing HostCall, repeat each Parameter) throws(WASIFailure) -> WASIWork
    ) -> Self {
        HostFunction(name) {
            (wasi: WASI, call: borrowing HostCall, parameter: repeat each Parameter) throws(HostError)
                -> HostWork<UInt32> in
            do throws(WASIFailure) {
                switch try body(wasi, call, repeat each parameter) {
                case .done: return .finished(WASIErrno.success.rawValue)
                case .waiting(let wait): return HostWork { () async throws(HostError) in try await answer(wait) }
                }
            } catch {
                return .finished(try error.answer())
            }
        }
    }

    private static func answer(
        _ wait: @Sendable () async throws(WASIFailure) -> WASIWork.Finish
    ) async throws(HostError) -> HostWork<UInt32>.Finish {
        do throws(WASIFailure) {
            let finish = try await wait()
            return { (call) throws(HostError) in
                do throws(WASIFailure) {
                    try finish(call)
                    return WASIErrno.success.rawValue
                } catch {
                    return try error.answer()
                }
            }
        } catch {
            let answer = try error.answer()
            return { _ in answer }
        }
    }
}

extension WASI {
    /// The descriptors of the instance that calls.
    func table(_ call: borrowing HostCall) -> WASIDescriptorTable {
        let plugin = call.plugin
        return call.instanceValue { WASIDescriptorTable(self, plugin: plugin) }
    }

    /// Work that waits for the disk.
    func onDisk<Value: Sendable>(
        _ operation: @escaping @Sendable () throws(FileFailure) -> Value,
        then finish: @escaping @Sendable (borrowing HostCall, Value) throws(WASIFailure) -> Void = { (_, _) in }
    ) throws(WASIFailure) -> WASIWork {
        // Without folders there are no descriptors that get here.
        guard let usage = files?.usage else { throw .errno(.badDescriptor) }
        return .waiting { () async throws(WASIFailure) in
            let value: Value
            do throws(FileFailure) {
                value = try await DiskThreads.shared.run(for: usage, operation)
            } catch {
                throw WASIFailure(error)
            }
            return { (call) throws(WASIFailure) in try finish(call, value) }
        }
    }
}
