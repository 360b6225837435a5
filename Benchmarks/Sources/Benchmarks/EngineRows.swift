import Wasmtime

extension Row {
    /// A typed call into a guest, against `wasmtime_func_call_unchecked`.
    static func typedCall() async throws -> Row {
        let count = 50_000
        let guest = try CGuest(pooled: false)
        let subject = try SwiftGuest(pooled: false)
        let add = try subject.instance.function("add", taking: Int32.self, Int32.self, returning: Int32.self)
        let expected = Int32((count - 1) & 0xFFFF) + 1
        return try await measure("typed-call", goal: 1.5) {
            try nanoseconds(per: count) {
                try BenchmarkError.require(guest.add(times: count) == expected, "the C call went wrong")
            }
        } subject: {
            try nanoseconds(per: count) {
                var last: Int32 = 0
                for index in 0..<count {
                    last = try add(Int32(truncatingIfNeeded: index & 0xFFFF), 1)
                }
                try BenchmarkError.require(last == expected, "the typed call went wrong")
            }
        }
    }

    /// A call from the guest to a typed host function, against an unchecked C callback. The guest's loop around it is in both.
    static func typedHostCall() async throws -> Row {
        let count: Int32 = 50_000
        let guest = try CGuest(pooled: false)
        let subject = try SwiftGuest(pooled: false)
        let calls = try subject.instance.function("calls", taking: Int32.self, returning: Int32.self)
        let expected = Int32(truncatingIfNeeded: Int64(count) * (Int64(count) + 1) / 2)
        return try await measure("typed-host-call", goal: 2) {
            try nanoseconds(per: Int(count)) {
                try BenchmarkError.require(guest.calls(count) == expected, "the C callback went wrong")
            }
        } subject: {
            try nanoseconds(per: Int(count)) {
                try BenchmarkError.require(try calls(count) == expected, "the host function went wrong")
            }
        }
    }

    /// A store and an instance from the pooling allocator, made and freed.
    static func pooledInstance() async throws -> Row {
        let count = 200
        let guest = try CGuest(pooled: true)
        let subject = try SwiftGuest(pooled: true)
        return try await measure("pooled-instance", goal: 1.5) {
            try nanoseconds(per: count) {
                try BenchmarkError.require(guest.instantiate(times: count) == count, "C could not instantiate")
            }
        } subject: {
            try nanoseconds(per: count) {
                for _ in 0..<count {
                    let store = Store(engine: subject.store.engine, host: NoState())
                    _ = try store.instantiate(subject.linked)
                }
            }
        }
    }
}
