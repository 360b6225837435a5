import Airlock
import AirlockTesting
import Synchronization
import TestSupport
import Testing
import Wasmtime

/// On a machine that is busy, a call that waits may take long.
private let patient = PluginLimits(deadline: .seconds(60))

@Suite("Suspendable plugins")
struct SuspendableTests {
    @Test("A host function that waits gives the guest its result")
    func asyncHostFunction() async throws {
        try await withPluginHost { host in
            let gate = Gate()
            let plugin = try await host.loadSuspendable(.wat(waiting), granting: [Waiting(gate: gate)], limits: patient)
            let wait = try plugin.function("wait", taking: Int32.self, returning: Int32.self)
            async let result = plugin.call(wait, 7)
            await gate.arrivals(1)
            gate.open()
            #expect(try await result.value == 14)
            #expect(try await result.report.hostCalls == 1)
        }
    }

    @Test("Many calls wait on one worker loop at the same time")
    func manyInFlight() async throws {
        try await withPluginHost { host in
            let gate = Gate()
            let limits = PluginLimits(deadline: .seconds(60), concurrentCalls: 500)
            let plugin = try await host.loadSuspendable(.wat(waiting), granting: [Waiting(gate: gate)], limits: limits)
            let wait = try plugin.function("wait", taking: Int32.self, returning: Int32.self)
            try await withThrowingTaskGroup(of: Int32.self) { group in
                for value in 0..<Int32(500) { group.addTask { try await plugin.call(wait, value).value } }
                await gate.arrivals(500)
                gate.open()
                var sum: Int32 = 0
                for try await value in group { sum += value }
                #expect(sum == 2 * (0..<500).reduce(0, +))
            }
        }
    }

    @Test("One call more than the limit is refused, and the others go on")
    func overload() async throws {
        try await withPluginHost { host in
            let gate = Gate()
            let plugin = try await host.loadSuspendable(
                .wat(waiting), granting: [Waiting(gate: gate)],
                limits: PluginLimits(deadline: .seconds(60), concurrentCalls: 1)
            )
            let wait = try plugin.function("wait", taking: Int32.self, returning: Int32.self)
            async let first = plugin.call(wait, 1)
            await gate.arrivals(1)
            let error = await #expect(throws: PluginError.self) { try await plugin.call(wait, 2) }
            #expect(error?.code == .overloaded)
            #expect(error?.limit == 1)
            gate.open()
            #expect(try await first.value == 2)
        }
    }

    @Test("A guest that computes without end gives way to others until it is stopped", .timeLimit(.minutes(2)))
    func fairness() async throws {
        try await withPluginHost { host in
            let plugin = try await host.loadSuspendable(
                .wat(waiting), granting: [Waiting(gate: Gate())],
                limits: PluginLimits(fuel: .max, deadline: .seconds(600))
            )
            let spin = try plugin.function("spin")
            let add = try plugin.function("add", taking: Int32.self, Int32.self, returning: Int32.self)
            let endless = Task { try await plugin.call(spin) }
            for value in 0..<Int32(20) { #expect(try await plugin.call(add, value, 1).value == value + 1) }
            endless.cancel()
            let error = await #expect(throws: PluginError.self) { try await endless.value }
            #expect(error?.code == .cancelled)
        }
    }

    @Test("The deadline also ends a call whose host function never returns")
    func deadlineWhileWaiting() async throws {
        try await withPluginHost { host in
            let gate = Gate()
            let plugin = try await host.loadSuspendable(
                .wat(waiting), granting: [Waiting(gate: gate)], limits: PluginLimits(deadline: .milliseconds(200))
            )
            let wait = try plugin.function("wait", taking: Int32.self, returning: Int32.self)
            let error = await #expect(throws: PluginError.self) { try await plugin.call(wait, 1) }
            #expect(error?.code == .deadline)
            // On a machine that is busy the deadline may pass before the guest gets to its host call.
            if error?.report?.hostCalls == 1 { await gate.cancellations(1) }
        }
    }

    @Test("Cancelling the task that awaits a call cancels that call and no other")
    func cancellation() async throws {
        try await withPluginHost { host in
            let gate = Gate()
            let plugin = try await host.loadSuspendable(
                .wat(waiting), granting: [Waiting(gate: gate)], limits: PluginLimits(deadline: .seconds(60))
            )
            let wait = try plugin.function("wait", taking: Int32.self, returning: Int32.self)
            let doomed = Task { try await plugin.call(wait, 1) }
            async let other = plugin.call(wait, 2)
            await gate.arrivals(2)
            doomed.cancel()
            let error = await #expect(throws: PluginError.self) { try await doomed.value }
            #expect(error?.code == .cancelled)
            await gate.cancellations(1)
            gate.open()
            #expect(try await other.value == 4)
        }
    }

    @Test("An error of a host function that waited ends the call")
    func hostError() async throws {
        try await withPluginHost { host in
            let plugin = try await host.loadSuspendable(
                .wat(waiting), granting: [Waiting(gate: Gate())], limits: patient)
            let fail = try plugin.function("fail")
            let error = await #expect(throws: PluginError.self) { try await plugin.call(fail) }
            #expect(error?.code == .denied)
            #expect(error?.message == "not for you")
        }
    }

    @Test("Bytes that a waiting host function returns are written into the guest's room")
    func bytesLater() async throws {
        try await withPluginHost { host in
            let plugin = try await host.loadSuspendable(
                .wat(waiting), granting: [Waiting(gate: Gate())], limits: patient)
            let fetch = try plugin.function("fetch", returning: Int32.self)
            #expect(try await plugin.call(fetch).value == 3 + Int32(UInt8(ascii: "a")))
        }
    }

    @Test("A plugin that runs to completion cannot be given a function that waits")
    func refusedForRunToCompletion() async throws {
        try await withPluginHost { host in
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.wat(waiting), granting: [Waiting(gate: Gate())], limits: patient)
            }
            #expect(error?.code == .missingCapability)
            #expect(error?.message.contains("waiting.wait waits, which only a suspendable plugin can do") == true)
        }
    }

    @Test("A call in flight ends on the version it began on")
    func reloadInFlight() async throws {
        try await withPluginHost { host in
            let gate = Gate()
            let plugin = try await host.loadSuspendable(
                .wat(waiting), granting: [Waiting(gate: gate)], limits: PluginLimits(deadline: .seconds(60))
            )
            let wait = try plugin.function("wait", taking: Int32.self, returning: Int32.self)
            async let old = plugin.call(wait, 5)
            await gate.arrivals(1)
            try await plugin.reload(
                from: .wat(#"(module (func (export "wait") (param i32) (result i32) i32.const -1))"#))
            #expect(try await plugin.call(wait, 5).value == -1)
            gate.open()
            #expect(try await old.value == 10)
        }
    }

    @Test("Shutting the host down stops calls that wait")
    func shutdownInFlight() async throws {
        let gate = Gate()
        let call = try await withPluginHost { host in
            let plugin = try await host.loadSuspendable(
                .wat(waiting), granting: [Waiting(gate: gate)], limits: PluginLimits(deadline: .seconds(60))
            )
            let wait = try plugin.function("wait", taking: Int32.self, returning: Int32.self)
            let call = Task { try await plugin.call(wait, 1) }
            await gate.arrivals(1)
            return call
        }
        let error = await #expect(throws: PluginError.self) { try await call.value }
        #expect(error?.code == .stopped)
    }
}
