import Airlock

/// Headers and trailers (Proxy-Wasm 0.2.1, "HTTP fields").
extension ProxyWasmABI {
    static var headerFunctions: [HostFunction<Self>] {
        [
            HostFunction("proxy_get_header_map_size") {
                (abi, call, type: UInt32, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_get_header_map_size"), call) { (vm) throws(Refusal) in
                    guard let map = try vm.map(MapType(type)) else { throw .status(.badArgument) }
                    try call.store(UInt32(clamping: HeaderMapBytes.count(of: map)), at: result)
                }
            },
            HostFunction("proxy_get_header_map_pairs") {
                (abi, call, type: UInt32, pointer: UInt32, size: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_get_header_map_pairs"), call) { (vm) throws(Refusal) in
                    let map = try vm.map(MapType(type)) ?? HeaderMap()
                    let count = HeaderMapBytes.count(of: map)
                    try call.hand(over: count, in: vm, to: ValuePlace(pointer: pointer, size: size)) {
                        HeaderMapBytes.write(map, to: &$0)
                    }
                }
            },
            HostFunction("proxy_set_header_map_pairs") {
                (abi, call, type: UInt32, bytes: GuestBytes) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_set_header_map_pairs", needs: .setHeaderMapPairs), call) {
                    (vm) throws(Refusal) in
                    let pairs = try call.read(bytes) { (span) throws(Refusal) in HeaderMapBytes.read(span) }
                    try vm.changeMap(type) { (map, type, rules) throws(Refusal) in
                        map = try rules.map(pairs, type: type)
                    }
                }
            },
            HostFunction("proxy_get_header_map_value") {
                (abi, call, type: UInt32, key: GuestBytes, pointer: UInt32, size: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_get_header_map_value"), call) { (vm) throws(Refusal) in
                    // What never came has no fields for a log; SDKs take it for a mistake of theirs otherwise.
                    let isLogging = vm.active?.stream?.isLogging == true && vm.active?.stream?.stream.http != nil
                    let type = try MapType(type)
                    guard let map = vm.map(type) ?? (isLogging ? HeaderMap() : nil)
                    else { throw .status(.badArgument) }
                    let value = try call.read(key) { (name) throws(Refusal) in
                        // Safe: the name is compared while it is lent.
                        unsafe name.withUnsafeBytes { unsafe map.firstValue(of: $0, in: type) }
                    }
                    // In 0.1.0 a field that is absent has an empty value.
                    guard let value = value ?? (vm.abi == .v0_1_0 ? [] : nil) else { throw .status(.notFound) }
                    try call.hand(over: value, in: vm, to: ValuePlace(pointer: pointer, size: size))
                }
            },
            HostFunction("proxy_add_header_map_value") {
                (abi, call, type: UInt32, key: GuestBytes, value: GuestBytes) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_add_header_map_value", needs: .addHeaderMapValue), call) {
                    (vm) throws(Refusal) in
                    let (key, value) = (try call.copy(key), try call.copy(value))
                    try vm.changeMap(type) { (map, type, rules) throws(Refusal) in
                        try rules.add(rules.name(key, in: type), value, to: &map, type)
                    }
                }
            },
            HostFunction("proxy_replace_header_map_value") {
                (abi, call, type: UInt32, key: GuestBytes, value: GuestBytes) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_replace_header_map_value", needs: .replaceHeaderMapValue), call) {
                    (vm) throws(Refusal) in
                    let (key, value) = (try call.copy(key), try call.copy(value))
                    try vm.changeMap(type) { (map, type, rules) throws(Refusal) in
                        try rules.replace(rules.name(key, in: type), value, in: &map, type)
                    }
                }
            },
            HostFunction("proxy_remove_header_map_value") {
                (abi, call, type: UInt32, key: GuestBytes) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_remove_header_map_value", needs: .removeHeaderMapValue), call) {
                    (vm) throws(Refusal) in
                    let key = try call.copy(key)
                    try vm.changeMap(type) { (map, type, rules) throws(Refusal) in
                        map.remove(name: rules.name(key, in: type))
                    }
                }
            },
        ]
    }
}
