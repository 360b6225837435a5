import Airlock
import AirlockTesting
import Synchronization
import Testing
import Wasmtime

@Suite("Hostile: host functions that fail or call back", .hostile)
struct HostFunctionTests {
    @Test("An error that a host function throws ends the call with its kind and message")
    func throwing() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                let now = try await Caller(
                    .wat(calling(["fail", "deny"])), false, granting: [Failing()], on: host)
                let later = try await Caller(
                    .wat(calling(["fail", "deny", "failLater"])), true, granting: [Failing()], on: host)
                let variants = [
                    (now, "fail"), (now, "deny"), (later, "fail"), (later, "deny"), (later, "failLater"),
                ]
                return taking(variants) { caller, export in
                    let error = try await failure(export == "deny" ? .denied : .hostError) {
                        try await caller.call(caller.function(export))
                    }
                    try #require(error.message == "no \(export)")
                    try #require(error.report?.hostCalls == 1)
                }
            }
        }
    }

    @Test(
        "A guest cannot go on after it was stopped in a function that a host function called back",
        arguments: [false, true])
    func swallowed(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand { host in
                let caller = try await Caller(.wat(reentrant), isSuspendable, granting: [Careless()], on: host)
                let (outer, one) = (try caller.function("outer"), try caller.function("one", returning: Int32.self))
                return {
                    let error = try await failure(.trap) { try await caller.call(outer) }
                    try #require(error.trap?.code == .integerDivisionByZero, "\(error)")
                    try #require(try await caller.call(one).value == 1)
                }
            }
        }
    }

    @Test("A plugin that calls itself through the host without end meets the limit of its calls in flight")
    func ownPlugin() async {
        await #expect(processExitsWith: .success) {
            // A repetition makes eight calls, one inside the other.
            try await withstand(repetitions: 300) { host in
                var limits = PluginLimits.patient
                limits.concurrentCalls = 8
                let again = Again()
                let plugin = try await host.loadSuspendable(
                    .wat(callingItself), name: "hostile", granting: [again], limits: limits)
                let function = try plugin.function("again")
                again.target.set(plugin, function)
                return {
                    let error = try await failure(.hostError) { try await plugin.call(function) }
                    try #require(error.message == "overloaded")
                }
            }
        }
    }

    @Test("A start section that has the host call it back without end is refused", arguments: [false, true])
    func startSection(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            // A repetition compiles a module.
            try await withstand(repetitions: 200, .hostile(engine: .quickCompiling)) { host in
                {
                    let error = try await failure(.abiViolation) {
                        _ = try await Caller(.wat(startingBack), isSuspendable, granting: [Careless()], on: host)
                    }
                    try #require(error.limit == 16 && error.used == 17)
                }
            }
        }
    }

    @Test("A flood of host calls ends at its limit", arguments: [false, true])
    func flood(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand { host in
                var limits = PluginLimits.patient
                limits.hostCalls = 100
                let caller = try await Caller(
                    .wat(reentrant), isSuspendable, granting: [Careless()], limits: limits, on: host)
                let flood = try caller.function("flood")
                return {
                    let error = try await failure(.hostCalls) { try await caller.call(flood) }
                    try #require(error.limit == 100 && error.used == 101)
                    try #require(error.report?.hostCallsByName["test.nothing"] == 101)
                }
            }
        }
    }

    @Test("More bytes than a call may hand out end it", arguments: [false, true])
    func output(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand { host in
                var limits = PluginLimits.patient
                limits.outputBytes = 1 << 20
                let caller = try await Caller(
                    .wat(reentrant), isSuspendable, granting: [Careless()], limits: limits, on: host)
                let pour = try caller.function("pour")
                return {
                    let error = try await failure(.output) { try await caller.call(pour) }
                    try #require(error.limit == 1 << 20)
                    try #require(try #require(error.used) == 17 << 16)
                }
            }
        }
    }
}

private struct Failing: Capability {
    static let id: CapabilityID = "test:failing"

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("fail") { (_, _) throws(HostError) -> Void in throw HostError(.failed, "no fail") }
        HostFunction("deny") { (_, _) throws(HostError) -> Void in throw HostError(.denied, "no deny") }
        HostFunction("failLater") { (_, _) async throws(HostError) -> Void in
            await Task.yield()
            throw HostError(.failed, "no failLater")
        }
    }
}

/// Calls the plugin that calls it.
private struct Again: Capability {
    static let id: CapabilityID = "test:again"
    final class Target: Sendable {
        private let target = Mutex<(SuspendablePlugin, GuestFunction<NoResult>)?>(nil)

        var current: (SuspendablePlugin, GuestFunction<NoResult>)? { target.withLock { $0 } }

        func set(_ plugin: SuspendablePlugin, _ function: GuestFunction<NoResult>) {
            target.withLock { $0 = (plugin, function) }
        }
    }
    let target = Target()

    static let functions = HostFunctions<Self>(module: "again") {
        HostFunction("again") { (again, _) async throws(HostError) -> Void in
            guard let (plugin, function) = again.target.current else { return }
            do throws(PluginError) {
                try await plugin.call(function)
            } catch {
                throw HostError(.failed, error.code == .overloaded ? "overloaded" : error.message)
            }
        }
    }
}

/// A host function that does not pass errors on, and others.
private struct Careless: Capability {
    static let id: CapabilityID = "test:careless"

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("try") { (_, call) throws(HostError) -> Void in
            guard let inner = try call.function("inner") else { throw HostError(.abiViolation, "no 'inner'") }
            do { _ = try call.call(inner) } catch {}
        }
        HostFunction("pass") { (_, call) throws(HostError) -> Void in
            guard let inner = try call.function("inner") else { throw HostError(.abiViolation, "no 'inner'") }
            _ = try call.call(inner)
        }
        HostFunction("nothing") { (_, _) throws(HostError) -> Void in }
        HostFunction("take") { (_, _, _: [UInt8]) throws(HostError) -> Void in }
    }
}

private func calling(_ names: [String]) -> String {
    let imports = names.map { "(import \"test\" \"\($0)\" (func $\($0)))" }
    let exports = names.map { "(func (export \"\($0)\") call $\($0))" }
    return "(module \((imports + exports).joined(separator: "\n")))"
}

private let callingItself = #"""
    (module
      (import "again" "again" (func $again))
      (func (export "again") call $again))
    """#

private let reentrant = #"""
    (module
      (import "test" "try" (func $try))
      (import "test" "nothing" (func $nothing))
      (import "test" "take" (func $take (param i32 i32)))
      (memory (export "memory") 1)
      (func (export "inner") (drop (i32.div_u (i32.const 1) (i32.const 0))))
      (func (export "outer") call $try)
      (func (export "one") (result i32) i32.const 1)
      (func (export "flood") (loop call $nothing br 0))
      (func (export "pour") (loop (call $take (i32.const 0) (i32.const 65536)) br 0)))
    """#

private let startingBack = #"""
    (module
      (import "test" "pass" (func $pass))
      (func $start (export "inner") call $pass)
      (start $start))
    """#
