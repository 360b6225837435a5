import Airlock
import AirlockTesting
import TestSupport
import Testing
import Wasmtime

@Suite("Accounts")
struct AccountTests {
    @Test("A report says which host functions the call made, and the next one begins at nothing")
    func hostCallsByName() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(guest), granting: [First(), Second()])
            let call = try plugin.function("call", taking: Int32.self, Int32.self)
            let report = try await plugin.call(call, 3, 2).report
            #expect(report.hostCalls == 5)
            #expect(report.hostCallsByName.byName == ["first.a": 3, "second.b": 2])
            #expect(report.logBytes == 30)
            #expect(report.egressBytes == 4)
            #expect(report.loopTime == report.wallTime)
            let next = try await plugin.call(call, 0, 1).report
            #expect(next.hostCallsByName.byName == ["second.b": 1])
            #expect(next.logBytes == 0)
            #expect(try await plugin.call(call, 0, 0).report.hostCallsByName == HostCallCounts())
            let totals = await plugin.totals()
            #expect(totals.calls == 3)
            #expect(totals.hostCallsByName.byName == ["first.a": 3, "second.b": 3])
            #expect(totals.logBytes == 30)
        }
    }

    @Test("Totals are told apart by version")
    func versions() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(guest), granting: [First(), Second()])
            let call = try plugin.function("call", taking: Int32.self, Int32.self)
            try await plugin.call(call, 1, 0)
            try await plugin.reload(from: .wat(guest))
            try await plugin.call(call, 0, 1)
            try await plugin.call(call, 0, 1)
            let totals = await plugin.totalsByVersion()
            #expect(totals.mapValues(\.calls) == [1: 1, 2: 2])
            #expect(totals[1]?.hostCallsByName.byName == ["first.a": 1])
            #expect(totals[2]?.hostCallsByName.byName == ["second.b": 2])
            #expect(await plugin.totals().calls == 3)
        }
    }

    @Test("What a guest waits for does not hold its loop")
    func loopTime() async throws {
        try await withPluginHost { host in
            let gate = Gate()
            let limits = PluginLimits(deadline: .seconds(60))
            let plugin = try await host.loadSuspendable(.wat(waiting), granting: [Waiting(gate: gate)], limits: limits)
            let wait = try plugin.function("wait", taking: Int32.self, returning: Int32.self)
            async let waits = plugin.call(wait, 1)
            await gate.arrivals(1)
            let other = try await host.load(.wat("(module (func (export \"spin\") (loop br 0)))"), name: "other")
            await #expect(throws: PluginError.self) { try await other.call(other.function("spin")) }
            gate.open()
            let report = try await waits.report
            #expect(report.loopTime < report.wallTime)
            #expect(report.loopTime > .zero)
        }
    }

    @Test("A host has no more instances than it may")
    func instances() async throws {
        let configuration = PluginHostConfiguration(workers: 1, instances: 2)
        try await withPluginHost(configuration) { host in
            let plugin = try await host.load(.wat(guest), granting: [First(), Second()])
            _ = try await host.load(.wat(guest), granting: [First(), Second()])
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.wat(guest), granting: [First(), Second()])
            }
            #expect(error?.code == .overloaded)
            #expect(error?.limit == 2)
            #expect(host.instanceCount == 2)
            await plugin.unload()
            #expect(host.instanceCount == 1)
            _ = try await host.load(.wat(guest), granting: [First(), Second()])
        }
    }
}

private struct First: Capability {
    static let id: CapabilityID = "test:first"
    static let functions = HostFunctions<Self>(module: "first") {
        HostFunction("unused") { (_, _) throws(HostError) -> Void in }
        HostFunction("a") { (_, call) throws(HostError) -> Void in try call.charge(10, to: .logBytes) }
    }
}

private struct Second: Capability {
    static let id: CapabilityID = "test:second"
    static let functions = HostFunctions<Self>(module: "second") {
        HostFunction("b") { (_, call) throws(HostError) -> Void in try call.charge(2, to: .egressBytes) }
    }
}

private let guest = #"""
    (module
      (import "first" "a" (func $a))
      (import "second" "b" (func $b))
      (func $times (param $n i32) (param $f i32)
        (block (loop
          (br_if 1 (i32.eqz (local.get $n)))
          (if (local.get $f) (then call $b) (else call $a))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          br 0)))
      (func (export "call") (param i32 i32)
        (call $times (local.get 0) (i32.const 0))
        (call $times (local.get 1) (i32.const 1))))
    """#
