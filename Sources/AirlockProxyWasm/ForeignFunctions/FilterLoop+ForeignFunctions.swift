import WorkerLoop

/// Telling filters what foreign functions have for them later.
extension FilterLoop {
    nonisolated func recipient(_ root: UInt64) -> ForeignFunctionRecipient {
        ForeignFunctionRecipient { [weak self, worker] function, arguments in
            worker.submit { [weak self] in self?.assumeIsolated { $0.tell(function, arguments, root) } }
        }
    }

    /// `proxy_on_foreign_function`.
    private func tell(_ function: UInt32, _ arguments: [UInt8], _ serial: UInt64) {
        guard let filter = filters.first(where: { $0.root?.serial == serial }), let (vm, root) = filter.home,
            let callback = filter.callbacks.onForeignFunction
        else { return }
        // It would be cut at once.
        guard filter.refusal == nil else {
            return postpone(after: filter.pauseWhileRefused) { $0.tell(function, arguments, serial) }
        }
        root.foreignArguments = arguments
        _ = vm.call(callback, root.id, function, UInt32(clamping: arguments.count), in: .root(root))
        root.foreignArguments = nil
        settle()
    }
}
