import Airlock

/// Headers and trailers (Proxy-Wasm 0.2.1, "HTTP fields").
extension ProxyWasmABI {
    static var headerFunctions: [HostFunction<Self>] {
        [
            HostFunction("proxy_get_header_map_size") {
                (abi, call, type: UInt32, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_get_header_map_size"), call) { (vm) throws(Refusal) in
                    guard let map = try vm.map(type) else { throw .status(.badArgument) }
                    try call.store(UInt32(clamping: HeaderMapBytes.count(of: map)), at: result)
                }
            },
            HostFunction("proxy_get_header_map_pairs") {
                (abi, call, type: UInt32, pointer: UInt32, size: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_get_header_map_pairs"), call) { (vm) throws(Refusal) in
                    let map = try vm.map(type) ?? HeaderMap()
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
                    try vm.changeMap(type) { (map, type) throws(Refusal) in
                        map = try vm.headerRules.map(pairs, type: type)
                    }
                }
            },
            HostFunction("proxy_get_header_map_value") {
                (abi, call, type: UInt32, key: GuestBytes, pointer: UInt32, size: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_get_header_map_value"), call) { (vm) throws(Refusal) in
                    // What never came has no fields for a log; SDKs take it for a mistake of theirs otherwise.
                    let isLogging = vm.active?.stream?.isLogging == true
                    guard let map = try vm.map(type) ?? (isLogging ? HeaderMap() : nil) else {
                        throw .status(.badArgument)
                    }
                    let value = try call.read(key) { (name) throws(Refusal) in
                        // Safe: the name is compared while it is lent.
                        unsafe name.withUnsafeBytes { unsafe map.firstValue(of: $0) }
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
                    try vm.changeMap(type) { (map, type) throws(Refusal) in
                        try vm.headerRules.check(key, value, addedTo: map, type)
                        map.append(name: key, value: value)
                    }
                }
            },
            HostFunction("proxy_replace_header_map_value") {
                (abi, call, type: UInt32, key: GuestBytes, value: GuestBytes) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_replace_header_map_value", needs: .replaceHeaderMapValue), call) {
                    (vm) throws(Refusal) in
                    let (key, value) = (try call.copy(key), try call.copy(value))
                    try vm.changeMap(type) { (map, type) throws(Refusal) in
                        try vm.headerRules.check(key, value, replacing: map, type)
                        map.replace(name: key, value: value)
                    }
                }
            },
            HostFunction("proxy_remove_header_map_value") {
                (abi, call, type: UInt32, key: GuestBytes) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_remove_header_map_value", needs: .removeHeaderMapValue), call) {
                    (vm) throws(Refusal) in
                    let key = try call.copy(key)
                    try vm.changeMap(type) { (map, _) throws(Refusal) in map.remove(name: key) }
                }
            },
        ]
    }
}

extension HeaderRules {
    fileprivate func check(_ name: [UInt8], _ value: [UInt8], addedTo map: HeaderMap, _ type: MapType) throws(Refusal) {
        guard allows(name: name, value: value, in: type), hasRoom(in: map, name: name.count, value: value.count),
            mayRepeat(name) || map.firstIndex(of: name) == nil
        else { throw .status(.badArgument) }
    }

    fileprivate func check(_ name: [UInt8], _ value: [UInt8], replacing map: HeaderMap, _ type: MapType) throws(Refusal)
    {
        let old = map.firstValue(of: name)
        guard allows(name: name, value: value, in: type),
            map.byteCount - (old.map { name.count + $0.count } ?? 0) + name.count + value.count <= maximumBytes,
            old != nil || map.count < maximumFields
        else { throw .status(.badArgument) }
    }
}
