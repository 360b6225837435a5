import Wasmtime

extension Capability {
    /// The functions that this capability permits, each with whether it waits.
    static var offers: [(name: ImportName, waits: Bool)] {
        functions.entries.map { entry in
            if case .waiting = entry.function.body { (entry.name, true) } else { (entry.name, false) }
        }
    }

    /// Defines this capability's functions, with this granted value, for plugins that run to completion. Those that wait are left out.
    /// - Parameter first: the index of its first function in the plugin's list of host functions.
    func link(into linker: Linker<InstanceState>, first: Int) throws(WasmtimeError) {
        for (index, entry) in Self.functions.entries.enumerated() {
            guard case .immediate(let body) = entry.function.body else { continue }
            // Safe: `HostArguments` reads no more slots than the type has parameters, and one result is written at the most.
            try unsafe linker.defineRaw(
                entry.module, entry.function.name, type: entry.function.type, immediate(body, first + index))
        }
    }

    /// Defines this capability's functions, with this granted value, for suspendable plugins.
    func link(into linker: AsyncLinker<InstanceState>, first: Int) throws(WasmtimeError) {
        for (index, entry) in Self.functions.entries.enumerated() {
            let (module, name, type) = (entry.module, entry.function.name, entry.function.type)
            switch entry.function.body {
            case .immediate(let body):
                // Safe: as above.
                try unsafe linker.defineRaw(module, name, type: type, immediate(body, first + index))
            case .waiting(let begin):
                try linker.defineRawAsync(module, name, type: type, waiting(begin, first + index))
            }
        }
    }

    private func waiting(
        _ begin: @escaping @Sendable (Self, borrowing HostCall, inout HostArguments) throws(HostError) -> PendingWork,
        _ index: Int
    ) -> @Sendable (borrowing Caller<InstanceState>, [RawValue]) throws -> PendingHostCall<InstanceState> {
        { caller, values in
            let call = HostCall(caller.host)
            try call.state.countHostCall(index)
            // Safe: the arguments are lent to `begin`, and the array lives as long.
            let work = try unsafe values.withUnsafeBufferPointer { slots in
                var arguments = unsafe HostArguments(slots)
                return try begin(self, call, &arguments)
            }
            try call.state.checkReentry()
            switch work {
            case .finished(let result):
                let call = PendingHostCall<InstanceState>()
                call.complete(with: .success(result.map { [$0] } ?? []))
                return call
            case .waiting(let wait):
                return caller.startHostCall {
                    let complete = try await wait()
                    return { caller in
                        let call = HostCall(caller.host)
                        let result = try complete(call)
                        try call.state.checkReentry()
                        return result.map { [$0] } ?? []
                    }
                }
            }
        }
    }

    private func immediate(
        _ body: @escaping @Sendable (Self, borrowing HostCall, inout HostArguments) throws(HostError) -> RawValue?,
        _ index: Int
    ) -> @Sendable (borrowing Caller<InstanceState>, UnsafeMutableBufferPointer<RawValue>) throws -> Void {
        { caller, slots in
            let call = HostCall(caller.host)
            try call.state.countHostCall(index)
            // Safe: the engine keeps the slots for this call.
            var arguments = unsafe HostArguments(UnsafeBufferPointer(slots))
            let result = try body(self, call, &arguments)
            try call.state.checkReentry()
            if let result {
                // Safe: the engine gives room for the larger of parameters and results, and the linked type has one result.
                unsafe slots[0] = result
            }
        }
    }
}

/// A function as guests import it.
struct ImportName: Hashable, CustomStringConvertible {
    let module: String
    let name: String

    var description: String { "\(module).\(name)" }
}

extension HostFunctions.Entry {
    var name: ImportName { ImportName(module: module, name: function.name) }
}
