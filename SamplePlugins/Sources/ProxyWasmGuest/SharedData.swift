internal import CProxyWasm

// `unsafe` in this file: the host reads what it is lent during the call only, and what it returns is owned by `HostBytes`.

/// A value shared by all instances with the same `vmID`, with the number that `SharedData.set` compares.
public struct SharedValue: ~Copyable {
    /// The stored bytes.
    public let data: HostBytes
    /// Changes each time the value is written; never 0.
    public let cas: UInt32
}

/// Keys and values that outlive a stream and an instance. Source: Proxy-Wasm ABI 0.2.1, "Shared Key-Value Store".
public enum SharedData {
    /// What became of a write.
    public enum Write: Equatable, Sendable {
        /// The value is stored.
        case stored
        /// The value changed since it was read; read it again.
        case casMismatch
        /// The host refused, for example because its store is full.
        case refused(Status)
    }

    /// The value of a key; nil when there is none.
    public static func get(_ key: borrowing some Bytes & ~Copyable) -> SharedValue? {
        var cas: UInt32 = 0
        let data = key.withBytes { key in
            unsafe key.withUnsafeBufferPointer { key in
                unsafe HostBytes.returned { unsafe proxy_get_shared_data(key.baseAddress, key.count, $0, $1, &cas) }
            }
        }
        guard let data else { return nil }
        return SharedValue(data: data, cas: cas)
    }

    /// Stores a value: only if the stored one still has this `cas`, or in any case without one.
    public static func set(
        _ key: borrowing some Bytes & ~Copyable, _ value: borrowing some Bytes & ~Copyable, ifStill cas: UInt32? = nil
    ) -> Write {
        let status = key.withBytes { key in
            value.withBytes { value in
                unsafe key.withUnsafeBufferPointer { key in
                    unsafe value.withUnsafeBufferPointer { value in
                        unsafe Status(
                            proxy_set_shared_data(key.baseAddress, key.count, value.baseAddress, value.count, cas ?? 0))
                    }
                }
            }
        }
        switch status {
        case .ok: return .stored
        case .casMismatch: return .casMismatch
        default: return .refused(status)
        }
    }
}
