#if arch(wasm32)
internal import CGuestRuntime
internal import GuestJSON

// The functions that the host calls, once for all filters. Source: Proxy-Wasm ABI 0.2.1, "Functions exposed by the guest".
// A callback for a context that does not exist lets the traffic pass.

@_expose(wasm, "proxy_abi_version_0_2_1") @_cdecl("proxy_abi_version_0_2_1")
func abiVersion() {}

@_expose(wasm, "_initialize") @_cdecl("_initialize")
func initialize() {
    _ = guest_main(0, nil)
}

@_expose(wasm, "proxy_on_memory_allocate") @_cdecl("proxy_on_memory_allocate")
func onMemoryAllocate(_ size: Int) -> UnsafeMutableRawPointer? {
    // Right because the host owns what it asked for, and fills it before anything else runs.
    unsafe guest_allocate(size)
}

@_expose(wasm, "proxy_on_context_create") @_cdecl("proxy_on_context_create")
func onContextCreate(_ id: UInt32, _ parent: UInt32) {
    Contexts.create(id, parent: parent)
}

@_expose(wasm, "proxy_on_vm_start") @_cdecl("proxy_on_vm_start")
func onVMStart(_ root: UInt32, _ size: Int) -> Bool {
    guard let context = Contexts.roots[root] else { return false }
    guard size > 0 else { return context.onStart(Span()) }
    guard let configuration = Body(.vmConfiguration, count: size).read() else { return false }
    return configuration.withBytes { context.onStart($0) }
}

@_expose(wasm, "proxy_on_configure") @_cdecl("proxy_on_configure")
func onConfigure(_ root: UInt32, _ size: Int) -> Bool {
    guard let context = Contexts.roots[root] else { return false }
    guard size > 0 else { return configure(context, Span()) }
    guard let configuration = Body(.pluginConfiguration, count: size).read() else { return false }
    return configuration.withBytes { configure(context, $0) }
}

private func configure(_ context: any RootContext, _ configuration: Span<UInt8>) -> Bool {
    do throws(ConfigurationError) {
        try context.onConfigure(configuration)
        return true
    } catch {
        log(.error, error.message)
        return false
    }
}

@_expose(wasm, "proxy_on_tick") @_cdecl("proxy_on_tick")
func onTick(_ root: UInt32) {
    Contexts.roots[root]?.onTick()
}

@_expose(wasm, "proxy_on_request_headers") @_cdecl("proxy_on_request_headers")
func onRequestHeaders(_ id: UInt32, _ count: UInt32, _ endOfStream: Bool) -> UInt32 {
    let action = Contexts.filters[id]?.onRequestHeaders(.request, endOfStream: endOfStream)
    return (action ?? .continue).rawValue
}

@_expose(wasm, "proxy_on_request_body") @_cdecl("proxy_on_request_body")
func onRequestBody(_ id: UInt32, _ size: Int, _ endOfStream: Bool) -> UInt32 {
    let action = Contexts.filters[id]?.onRequestBody(Body(.request, count: size), endOfStream: endOfStream)
    return (action ?? .continue).rawValue
}

@_expose(wasm, "proxy_on_request_trailers") @_cdecl("proxy_on_request_trailers")
func onRequestTrailers(_ id: UInt32, _ count: UInt32) -> UInt32 {
    (Contexts.filters[id]?.onRequestTrailers(.requestTrailers) ?? .continue).rawValue
}

@_expose(wasm, "proxy_on_response_headers") @_cdecl("proxy_on_response_headers")
func onResponseHeaders(_ id: UInt32, _ count: UInt32, _ endOfStream: Bool) -> UInt32 {
    let action = Contexts.filters[id]?.onResponseHeaders(.response, endOfStream: endOfStream)
    return (action ?? .continue).rawValue
}

@_expose(wasm, "proxy_on_response_body") @_cdecl("proxy_on_response_body")
func onResponseBody(_ id: UInt32, _ size: Int, _ endOfStream: Bool) -> UInt32 {
    let action = Contexts.filters[id]?.onResponseBody(Body(.response, count: size), endOfStream: endOfStream)
    return (action ?? .continue).rawValue
}

@_expose(wasm, "proxy_on_response_trailers") @_cdecl("proxy_on_response_trailers")
func onResponseTrailers(_ id: UInt32, _ count: UInt32) -> UInt32 {
    (Contexts.filters[id]?.onResponseTrailers(.responseTrailers) ?? .continue).rawValue
}

@_expose(wasm, "proxy_on_log") @_cdecl("proxy_on_log")
func onLog(_ id: UInt32) {
    Contexts.filters[id]?.onLog()
}

@_expose(wasm, "proxy_on_done") @_cdecl("proxy_on_done")
func onDone(_ id: UInt32) -> Bool {
    Contexts.filters[id]?.onDone() ?? true
}

@_expose(wasm, "proxy_on_delete") @_cdecl("proxy_on_delete")
func onDelete(_ id: UInt32) {
    Contexts.delete(id)
}
#endif
