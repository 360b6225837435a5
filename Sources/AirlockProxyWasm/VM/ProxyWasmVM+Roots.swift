import Airlock

/// The life of a filter's root context.
extension ProxyWasmVM {
    /// Makes a root context: `proxy_on_context_create`, `proxy_on_vm_start`, `proxy_on_configure`.
    /// - Throws: Why a callback failed, or ``PluginError/Code/guestError`` where one answered no.
    func startRoot(for filter: FilterInstance) throws(PluginError) -> RootContext {
        let root = RootContext(id: state.nextID(), filter: filter)
        let context = Context.root(root)
        state.add(context)
        root.isConfiguring = true
        if let onCreate = callbacks.onContextCreate {
            _ = call(onCreate, root.id, 0, in: context)
        }
        root.isConfiguring = false
        try demand(root, "proxy_on_vm_start", accepts(callbacks.onVMStart, root, state.key.vmConfiguration))
        root.isConfiguring = true
        try demand(root, "proxy_on_configure", accepts(callbacks.onConfigure, root, filter.configuration.configuration))
        root.isConfiguring = false
        root.isStarting = false
        return root
    }

    private func accepts(
        _ callback: GuestFunction<UInt32, UInt32, UInt32>?, _ root: RootContext, _ configuration: [UInt8]
    ) -> Bool {
        guard let callback else { return true }
        return call(callback, root.id, UInt32(clamping: configuration.count), in: .root(root)) != 0
    }

    private func demand(_ root: RootContext, _ callback: String, _ isAccepted: Bool) throws(PluginError) {
        if let failure { throw failure }
        guard isAccepted else {
            delete(root)
            throw version.refusal(.guestError, "'\(callback)' returned 0: the filter refuses its configuration")
        }
    }

    /// `proxy_on_done`.
    /// - Returns: Whether the context can be deleted at once.
    func endsAtOnce(_ root: RootContext) -> Bool {
        guard let onDone = callbacks.onDone, failure == nil else { return true }
        return call(onDone, root.id, in: .root(root)) != 0
    }

    /// `proxy_on_delete`; the context is gone then.
    func delete(_ root: RootContext) {
        if let onDelete = callbacks.onDelete { _ = call(onDelete, root.id, in: .root(root)) }
        state.remove(root.id)
    }
}
