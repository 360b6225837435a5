import Airlock
import AirlockTesting
import Testing

@Suite("Calls of a plugin")
struct CallTests {
    @Test("A typed call returns the guest's value and what the call used")
    func typedCall() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(arithmetic))
            let add = try plugin.function("add", taking: Int32.self, Int32.self, returning: Int32.self)
            let result = try await plugin.call(add, 20, 22)
            #expect(result.value == 42)
            #expect(result.report.fuelUsed > 0)
            #expect(result.report.memoryBytes == 65_536)
            #expect(result.report.hostCalls == 0)
            #expect(result.report.wallTime > .zero)
        }
    }

    @Test("All number types pass both ways")
    func numberTypes() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(arithmetic))
            let i64 = try plugin.function("neg64", taking: Int64.self, returning: Int64.self)
            let f32 = try plugin.function("half32", taking: Float.self, returning: Float.self)
            let f64 = try plugin.function("half64", taking: Double.self, returning: Double.self)
            let u32 = try plugin.function("same", taking: UInt32.self, returning: UInt32.self)
            #expect(try await plugin.call(i64, .max).value == -.max)
            #expect(try await plugin.call(f32, 3).value == 1.5)
            #expect(try await plugin.call(f64, -1).value == -0.5)
            #expect(try await plugin.call(u32, .max).value == .max)
        }
    }

    @Test("A function without a result is called for its effect")
    func noResult() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(arithmetic))
            let set = try plugin.function("set", taking: Int32.self)
            let get = try plugin.function("get", returning: Int32.self)
            _ = try await plugin.call(set, 7)
            #expect(try await plugin.call(get).value == 7)
        }
    }

    @Test("A function that is not exported is named in the error")
    func missingExport() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(arithmetic))
            let error = try #require(throws: PluginError.self) { try plugin.function("absent", taking: Int32.self) }
            #expect(error.code == .missingExport)
            #expect(error.message.contains("'absent'"))
        }
    }

    @Test("A function of another type is refused, and the error shows both types")
    func signatureMismatch() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(arithmetic))
            let error = try #require(throws: PluginError.self) {
                try plugin.function("add", taking: Int32.self, Int64.self, returning: Int32.self)
            }
            #expect(error.code == .signatureMismatch)
            #expect(error.message.contains("(i32, i32) -> (i32)"))
            #expect(error.message.contains("(i32, i64) -> (i32)"))
        }
    }

    @Test("A function that was looked up on one plugin is found by name on another")
    func foreignFunction() async throws {
        try await withPluginHost { host in
            let first = try await host.load(.wat(arithmetic))
            let second = try await host.load(
                .wat(#"(module (func (export "x")) (func (export "get") (result i32) i32.const 9))"#)
            )
            _ = try second.function("x")
            let get = try second.function("get", returning: Int32.self)
            _ = try first.function("set", taking: Int32.self)
            _ = try first.function("same", taking: UInt32.self, returning: UInt32.self)
            #expect(try await first.call(get).value == 0)
            #expect(try await second.call(get).value == 9)
        }
    }

    @Test("A session calls, reads and writes under one account")
    func session() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(arithmetic))
            let sum = try plugin.function("sumBytes", taking: UInt32.self, UInt32.self, returning: Int32.self)
            let result = try await plugin.withSession { (session) throws(PluginError) in
                try session.write([1, 2, 3], at: 100)
                let total = try session.call(sum, 100, 3)
                return (total, try session.bytes(of: GuestBytes(offset: 101, count: 2)), session.memorySize)
            }
            #expect(result.value.0 == 6)
            #expect(result.value.1 == [2, 3])
            #expect(result.value.2 == 65_536)
            #expect(result.report.fuelUsed > 0)
        }
    }

    @Test(
        "A session cannot reach outside the guest's memory",
        arguments: [(65_535, 2), (.max, 1), (.max, .max), (0, .max), (65_537, 0)] as [(UInt32, UInt32)]
    )
    func sessionBounds(offset: UInt32, count: UInt32) async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(arithmetic))
            let error = await #expect(throws: PluginError.self) {
                try await plugin.withSession { (session) throws(PluginError) in
                    _ = try session.bytes(of: GuestBytes(offset: offset, count: count))
                }
            }
            #expect(error?.code == .badArgument)
        }
    }

    @Test("An instance limited to one call has forgotten everything at the next")
    func freshInstances() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(arithmetic), limits: PluginLimits(callsPerInstance: 1))
            let set = try plugin.function("set", taking: Int32.self)
            let get = try plugin.function("get", returning: Int32.self)
            _ = try await plugin.call(set, 7)
            #expect(try await plugin.call(get).value == 0)
        }
    }

    @Test("A reactor's initialiser has run before the first call")
    func reactorInitialiser() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(
                .wat(
                    #"""
                    (module
                      (global $ready (mut i32) (i32.const 0))
                      (func (export "_initialize") i32.const 1 global.set $ready)
                      (func (export "ready") (result i32) global.get $ready))
                    """#
                )
            )
            let ready = try plugin.function("ready", returning: Int32.self)
            #expect(try await plugin.call(ready).value == 1)
        }
    }

    @Test("After the host was shut down, calls and loads say so")
    func shutdown() async throws {
        let (host, plugin) = try await withPluginHost { host in (host, try await host.load(.wat(arithmetic))) }
        let error = await #expect(throws: PluginError.self) {
            try await plugin.withSession { (_) throws(PluginError) in }
        }
        #expect(error?.code == .stopped)
        let loadError = await #expect(throws: PluginError.self) { try await host.load(.wat(arithmetic)) }
        #expect(loadError?.code == .stopped)
    }
}

private let arithmetic = #"""
    (module
      (memory (export "memory") 1)
      (global $kept (mut i32) (i32.const 0))
      (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
      (func (export "neg64") (param i64) (result i64) i64.const 0 local.get 0 i64.sub)
      (func (export "half32") (param f32) (result f32) local.get 0 f32.const 0.5 f32.mul)
      (func (export "half64") (param f64) (result f64) local.get 0 f64.const 0.5 f64.mul)
      (func (export "same") (param i32) (result i32) local.get 0)
      (func (export "set") (param i32) local.get 0 global.set $kept)
      (func (export "get") (result i32) global.get $kept)
      (func (export "sumBytes") (param $at i32) (param $count i32) (result i32) (local $sum i32)
        block
          loop
            local.get $count i32.eqz br_if 1
            local.get $sum local.get $at i32.load8_u i32.add local.set $sum
            local.get $at i32.const 1 i32.add local.set $at
            local.get $count i32.const 1 i32.sub local.set $count
            br 0
          end
        end
        local.get $sum))
    """#
