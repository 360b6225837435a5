import Airlock

/// Properties (Proxy-Wasm 0.2.1, "Properties").
extension ProxyWasmABI {
    static var propertyFunctions: [HostFunction<Self>] {
        [
            HostFunction("proxy_get_property") {
                (abi, call, path: GuestBytes, pointer: UInt32, size: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_get_property", needs: .getProperty), call) { (vm) throws(Refusal) in
                    let path = try call.copy(path, limit: PropertyPath.maximumBytes)
                    try abi.checkProperty(path, vm)
                    guard let value = vm.property(path) else { throw .status(.notFound) }
                    try call.hand(over: value, in: vm, to: ValuePlace(pointer: pointer, size: size))
                }
            },
            HostFunction("proxy_set_property") {
                (abi, call, path: GuestBytes, value: GuestBytes) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_set_property", needs: .setProperty), call) { (vm) throws(Refusal) in
                    let path = try call.copy(path, limit: PropertyPath.maximumBytes)
                    try abi.checkProperty(path, vm)
                    let value = try call.copy(value, limit: StreamProperties.maximumBytes)
                    guard let stream = vm.active?.stream?.stream else { throw .status(.notFound) }
                    let isReadOnly = vm.active?.root?.readOnlyProperties[path] ?? false
                    guard stream.properties.set(path, to: value, isReadOnly: isReadOnly) else {
                        throw .status(.badArgument)
                    }
                }
            },
        ]
    }

    /// What was not granted is not there: SDKs take other answers for mistakes of their own.
    private func checkProperty(_ bytes: [UInt8], _ vm: VMState) throws(Refusal) {
        guard let properties else { return }
        // What is no path of a property is within no pattern.
        guard let path = PropertyPath(bytes)?.dotted else { throw .status(.notFound) }
        guard properties.contains(where: { $0.matches(path) }) else {
            vm.logRefusal(ofProperty: path)
            throw .status(.notFound)
        }
    }
}

extension VMState {
    /// What the plugin is called comes first, then what filters set on the stream, then what the host knows of it.
    fileprivate func property(_ bytes: [UInt8]) -> [UInt8]? {
        guard let active, let path = PropertyPath(bytes) else { return nil }
        if path.segments.count == 1 {
            let configuration = active.filter.configuration
            switch path.segments[0] {
            case "plugin_name": return PropertyValue.text(configuration.name)
            case "plugin_root_id": return PropertyValue.text(configuration.rootID)
            case "plugin_vm_id": return PropertyValue.text(configuration.vmID)
            default: break
            }
        }
        let stream = active.stream?.stream
        if let value = stream?.property(path) ?? node?.property(path) { return value }
        // What a filter set never stands in for what the host knows, or could know at another time.
        return Self.hostProperties.contains(path.segments[0]) ? nil : stream?.properties[bytes]
    }

    /// What the paths of the host's own properties begin with (Envoy, "Attributes", and the older names of some).
    private static let hostProperties: Set<String> = [
        "request", "response", "connection", "connection_id", "upstream", "source", "destination", "metadata", "node",
        "xds",
        "filter_state", "upstream_filter_state", "plugin_name", "plugin_root_id", "plugin_vm_id", "listener_direction",
        "listener_metadata", "filter_chain_name", "virtual_host_name", "virtual_host_metadata", "route_name",
        "route_metadata", "cluster_name", "cluster_metadata", "upstream_host_metadata",
    ]
}
