import Synchronization

/// What capabilities keep by type: for one instance (open files, random generators), freed with it, or for one call.
final class InstanceValues: Sendable {
    private let values = Mutex<[ObjectIdentifier: any AnyObject & Sendable]>([:])

    func value<Value: AnyObject & Sendable>(_ make: () -> Value) -> Value {
        let type = ObjectIdentifier(Value.self)
        if let known = values.withLock({ $0[type] as? Value }) { return known }
        // Outside of the lock: it may ask for other values.
        let new = make()
        return values.withLock { values in
            if let known = values[type] as? Value { return known }
            values[type] = new
            return new
        }
    }
}

extension HostCall {
    /// What a capability keeps for this instance: made at the first use, freed with the instance, and never seen by another instance. One
    /// value of each type is kept.
    public func instanceValue<Value: AnyObject & Sendable>(_ make: () -> Value) -> Value {
        state.values.value(make)
    }

    /// What a capability keeps for the guest's call in progress: made at the first use, and never seen by another call. It is freed when
    /// the call ends, or before the instance's next call. One value of each type is kept.
    public func callValue<Value: AnyObject & Sendable>(_ make: () -> Value) -> Value {
        state.callValues().value(make)
    }
}

extension AsyncHostCall {
    /// What a capability keeps for this instance; see ``HostCall/instanceValue(_:)``.
    public func instanceValue<Value: AnyObject & Sendable>(_ make: () -> Value) -> Value {
        values.value(make)
    }

    /// What a capability keeps for the guest's call in progress; see ``HostCall/callValue(_:)``.
    public func callValue<Value: AnyObject & Sendable>(_ make: () -> Value) -> Value {
        callValues.value(make)
    }
}
