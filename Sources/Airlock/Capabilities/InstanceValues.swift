import Synchronization

/// What capabilities keep for one instance, by type: open files, random generators. It is freed with the instance.
final class InstanceValues: Sendable {
    private let values = Mutex<[ObjectIdentifier: any AnyObject & Sendable]>([:])

    func value<Value: AnyObject & Sendable>(_ make: () -> Value) -> Value {
        values.withLock { values in
            if let known = values[ObjectIdentifier(Value.self)] as? Value { return known }
            let new = make()
            values[ObjectIdentifier(Value.self)] = new
            return new
        }
    }
}

extension HostCall {
    /// What a capability keeps for this instance: made at the first use, freed with the instance, and never seen by another instance. One value of
    /// each type is kept.
    public func instanceValue<Value: AnyObject & Sendable>(_ make: () -> Value) -> Value {
        state.values.value(make)
    }
}

extension AsyncHostCall {
    /// What a capability keeps for this instance; see ``HostCall/instanceValue(_:)``.
    public func instanceValue<Value: AnyObject & Sendable>(_ make: () -> Value) -> Value {
        values.value(make)
    }
}
