import Airlock

/// Shared queues (Proxy-Wasm 0.2.1, "Shared Queues").
extension ProxyWasmABI {
    static var queueFunctions: [HostFunction<Self>] {
        [
            HostFunction("proxy_register_shared_queue") {
                (abi, call, name: GuestBytes, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_register_shared_queue", needs: .registerSharedQueue), call) {
                    (vm) throws(Refusal) in
                    let name = try call.copy(name, limit: SharedQueues.maximumNameBytes)
                    guard let root = vm.active?.root, let listener = vm.listener(of: root),
                        let queue = vm.space.queues.register(name, of: vm.key.vmID, for: listener)
                    else { throw .status(.internalFailure) }
                    try call.store(queue, at: result)
                }
            },
            HostFunction("proxy_resolve_shared_queue") {
                (abi, call, vmID: GuestBytes, name: GuestBytes, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_resolve_shared_queue", needs: .resolveSharedQueue), call) {
                    (vm) throws(Refusal) in
                    let vmID = try call.copy(vmID, limit: SharedQueues.maximumNameBytes)
                    let name = try call.copy(name, limit: SharedQueues.maximumNameBytes)
                    guard let queue = vm.findQueue(name, of: vmID) else { throw .status(.notFound) }
                    try call.store(queue, at: result)
                }
            },
            HostFunction("proxy_enqueue_shared_queue") {
                (abi, call, queue: UInt32, item: GuestBytes) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_enqueue_shared_queue", needs: .enqueueSharedQueue), call) {
                    (vm) throws(Refusal) in
                    guard vm.knowsQueue(queue) else { throw .status(.notFound) }
                    guard item.count <= vm.limits.sharedQueues.bytes else { throw .status(.internalFailure) }
                    try vm.space.queues.enqueue(try call.copy(item), to: queue).orRefuse()
                }
            },
            HostFunction("proxy_dequeue_shared_queue") {
                (abi, call, queue: UInt32, pointer: UInt32, size: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_dequeue_shared_queue", needs: .dequeueSharedQueue), call) {
                    (vm) throws(Refusal) in
                    guard vm.knowsQueue(queue) else { throw .status(.notFound) }
                    switch vm.space.queues.dequeue(queue) {
                    case .success(let item):
                        try call.hand(over: item, in: vm, to: ValuePlace(pointer: pointer, size: size))
                    case .failure(let error): throw .status(error.status)
                    }
                }
            },
        ]
    }
}

extension VMState {
    fileprivate func listener(of root: RootContext) -> QueueListener? {
        if root.queueListener == nil { root.queueListener = loop?.queueListener(root.serial) }
        return root.queueListener
    }

    /// An empty VM identifier is the filter's own, as in Envoy.
    fileprivate func findQueue(_ name: [UInt8], of vmID: [UInt8]) -> UInt32? {
        let owner = vmID.isEmpty ? key.vmID : String(decoding: vmID, as: UTF8.self)
        guard let queue = space.queues.find(name, of: owner) else { return nil }
        if owner != key.vmID { foundQueues.insert(queue) }
        return queue
    }

    /// Numbers of queues can be guessed: those of other VM identifiers are known to who asked for them by name.
    fileprivate func knowsQueue(_ queue: UInt32) -> Bool {
        space.queues.belongs(queue, to: key.vmID) || foundQueues.contains(queue)
    }
}
