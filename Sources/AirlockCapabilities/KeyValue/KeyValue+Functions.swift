public import Airlock

extension KeyValue {
    public static let functions = HostFunctions<Self>(module: "airlock:kv", readers + changers)

    private static let readers: [HostFunction<Self>] = [
        HostFunction("get") {
            (granted, call, key: GuestBytes, room: GuestBuffer) throws(HostError) -> HostWork<Int32> in
            try call.require(room)
            guard key.count <= granted.limits.bytesPerKey else { return try granted.refusal(.keyTooLarge, key, call) }
            let key = try call.bytes(of: key)
            return granted.work { (store) throws(KeyValueError) in
                let value = try await store.value(of: key, in: granted.namespace)
                return { (call) throws(HostError) in
                    guard let value else { return KeyValueOutcome.absent.code }
                    if value.count <= room.capacity { try call.write(value, at: room.offset) }
                    return Int32(clamping: value.count)
                }
            }
        },
        HostFunction("list") {
            (granted, call, prefix: GuestBytes, cursor: GuestBytes, most: UInt32, room: GuestBuffer)
                throws(HostError) -> HostWork<Int32> in
            try call.require(room)
            let (prefix, cursor) = (try call.bytes(of: prefix), try call.bytes(of: cursor))
            let most = max(1, min(Int(most), keysPerPage))
            return granted.work { (store) throws(KeyValueError) in
                let page = try await store.keys(withPrefix: prefix, from: cursor, most: most, in: granted.namespace)
                return { (call) throws(HostError) in
                    guard let bytes = page.encoded(capacity: Int(room.capacity)) else { return -7 }
                    try call.write(bytes, at: room.offset)
                    return Int32(clamping: bytes.count)
                }
            }
        },
        HostFunction("key-count") { (granted, _) async throws(HostError) -> Int64 in
            Int64(try await granted.usage().keys)
        },
        HostFunction("used-bytes") { (granted, _) async throws(HostError) -> Int64 in
            Int64(try await granted.usage().bytes)
        },
    ]

    private static let changers: [HostFunction<Self>] = [
        HostFunction("set") {
            (granted, call, key: GuestBytes, value: GuestBytes, lifetime: Int64)
                throws(HostError) -> HostWork<Int32> in
            try granted.change("set", key, to: value, for: lifetime, if: .anything, call)
        },
        HostFunction("set-if-absent") {
            (granted, call, key: GuestBytes, value: GuestBytes, lifetime: Int64)
                throws(HostError) -> HostWork<Int32> in
            try granted.change("set-if-absent", key, to: value, for: lifetime, if: .nothing, call)
        },
        HostFunction("compare-and-swap") {
            (granted, call, key: GuestBytes, expected: GuestBytes, value: GuestBytes, lifetime: Int64)
                throws(HostError) -> HostWork<Int32> in
            let expected = try call.bytes(of: expected)
            return try granted.change("compare-and-swap", key, to: value, for: lifetime, if: .value(expected), call)
        },
        HostFunction("delete") {
            (granted, call, key: GuestBytes) throws(HostError) -> HostWork<Int32> in
            try granted.change("delete", key, to: nil, for: 0, if: .anything, call)
        },
        HostFunction("compare-and-delete") {
            (granted, call, key: GuestBytes, expected: GuestBytes) throws(HostError) -> HostWork<Int32> in
            let expected = try call.bytes(of: expected)
            return try granted.change("compare-and-delete", key, to: nil, for: 0, if: .value(expected), call)
        },
    ]

    private func change(
        _ function: String,
        _ key: GuestBytes,
        to value: GuestBytes?,
        for lifetime: Int64,
        if condition: KeyValueChange.Condition,
        _ call: borrowing HostCall
    ) throws(HostError) -> HostWork<Int32> {
        guard !isReadOnly else {
            let name = LogText.quoted(namespace.bytes)
            throw HostError(.denied, "the plugin asked for '\(function)' in the namespace \(name); granted is to read")
        }
        guard lifetime >= 0 else {
            throw HostError(.badArgument, "the lifetime is \(lifetime) ms, expected 0 (for ever) or more")
        }
        // Too large to be copied, let alone stored.
        guard key.count <= limits.bytesPerKey else { return try refusal(.keyTooLarge, key, call) }
        if let value, value.count > limits.bytesPerValue { return try refusal(.valueTooLarge, value, call) }
        let change = KeyValueChange(
            key: try call.bytes(of: key),
            value: try value.map { (value) throws(HostError) in try call.bytes(of: value) },
            lifetime: lifetime == 0 ? nil : .milliseconds(lifetime),
            condition: condition
        )
        return work { (store) throws(KeyValueError) in
            let code = try await store.apply(change, in: namespace, within: limits).code
            return { (_) throws(HostError) in code }
        }
    }

    /// The code for something that is too large, provided that it is in the guest's memory at all.
    private func refusal(
        _ outcome: KeyValueOutcome,
        _ bytes: GuestBytes,
        _ call: borrowing HostCall
    ) throws(HostError) -> HostWork<Int32> {
        try call.require(bytes)
        return .finished(outcome.code)
    }

    private func work(
        _ body: @escaping @Sendable (any KeyValueStore) async throws(KeyValueError) -> HostWork<Int32>.Finish
    ) -> HostWork<Int32> {
        HostWork { () async throws(HostError) in
            do {
                return try await body(store)
            } catch {
                throw HostError(.failed, "the key-value store failed: \(error)")
            }
        }
    }

    private func usage() async throws(HostError) -> KeyValueUsage {
        do {
            return try await store.usage(of: namespace)
        } catch {
            throw HostError(.failed, "the key-value store failed: \(error)")
        }
    }
}

extension KeyValueOutcome {
    /// What guests are told.
    fileprivate var code: Int32 {
        switch self {
        case .done: 0
        case .absent: -1
        case .conflict: -2
        case .overBytes: -3
        case .overKeys: -4
        case .keyTooLarge: -5
        case .valueTooLarge: -6
        }
    }
}
