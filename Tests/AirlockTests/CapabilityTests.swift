import Airlock
import AirlockTesting
import Synchronization
import Testing
import Wasmtime

@Suite("Capabilities")
struct CapabilityTests {
    @Test("A host function receives the granted value and the guest's arguments")
    func grantedValue() async throws {
        try await withPluginHost { host in
            let store = CounterStore()
            let plugin = try await host.load(.wat(counting), granting: [Counters(store: store, highest: 10)])
            let count = try plugin.function("count", taking: Int64.self, returning: Int64.self)
            #expect(try await plugin.call(count, 3).value == 3)
            let second = try await plugin.call(count, 4)
            #expect(second.value == 7)
            #expect(second.report.hostCalls == 1)
            #expect(second.report.outputBytes == 4)
            #expect(store.value(of: "hits") == 7)
        }
    }

    @Test("Two plugins with the same capability have each their own attenuation")
    func attenuation() async throws {
        try await withPluginHost { host in
            let store = CounterStore()
            let low = try await host.load(.wat(counting), granting: [Counters(store: store, highest: 2)])
            let high = try await host.load(.wat(counting), granting: [Counters(store: store, highest: 100)])
            let count = try low.function("count", taking: Int64.self, returning: Int64.self)
            let error = await #expect(throws: PluginError.self) { try await low.call(count, 3) }
            #expect(error?.code == .denied)
            #expect(error?.message == "'hits' may not be more than 2")
            #expect(try await high.call(count, 3).value == 3)
        }
    }

    @Test("A plugin that imports what it was not granted is refused with the whole list")
    func missingCapabilities() async throws {
        let configuration = PluginHostConfiguration(workers: 1, knownCapabilities: [Counters.self])
        try await withPluginHost(configuration) { host in
            let module = #"""
                (module
                  (import "example" "increment" (func (param i32 i32 i64) (result i64)))
                  (import "elsewhere" "open" (func)))
                """#
            let error = await #expect(throws: PluginError.self) { try await host.load(.wat(module), name: "greedy") }
            #expect(error?.code == .missingCapability)
            #expect(error?.plugin == "greedy")
            #expect(error?.message.contains("example.increment needs the capability 'example:counters'") == true)
            #expect(error?.message.contains("elsewhere.open") == true)
        }
    }

    @Test("An import of another type than the capability's function is refused, and the error shows both")
    func importMismatch() async throws {
        try await withPluginHost { host in
            let module = #"(module (import "example" "increment" (func (param i32) (result i64))))"#
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.wat(module), granting: [Counters(store: CounterStore(), highest: 1)])
            }
            #expect(error?.code == .signatureMismatch)
            #expect(error?.message.contains("(i32) -> (i64)") == true)
            #expect(error?.message.contains("(i32, i32, i64) -> (i64)") == true)
        }
    }

    @Test(
        "Pointers and lengths outside the guest's memory end the call, never the host",
        arguments: [(65_536, 1), (65_535, 2), (-1, 1), (0, -1), (-1, -1), (.max, .max), (.min, 4)] as [(Int32, Int32)]
    )
    func hostilePointers(offset: Int32, count: Int32) async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(
                .wat(passing),
                granting: [Texts()]
            )
            for export in ["text", "owned", "bytes"] {
                let pass = try plugin.function(export, taking: Int32.self, Int32.self, returning: Int32.self)
                let error = await #expect(throws: PluginError.self) { try await plugin.call(pass, offset, count) }
                #expect(error?.code == .badArgument)
            }
            let fill = try plugin.function("fill", taking: Int32.self, Int32.self, returning: Int32.self)
            let error = await #expect(throws: PluginError.self) { try await plugin.call(fill, offset, count) }
            #expect(error?.code == .badArgument)
        }
    }

    @Test("Text that is not UTF-8 is refused")
    func invalidText() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(passing), granting: [Texts()])
            let text = try plugin.function("text", taking: Int32.self, Int32.self, returning: Int32.self)
            let error = await #expect(throws: PluginError.self) { try await plugin.call(text, 8, 2) }
            #expect(error?.code == .badArgument)
            #expect(error?.message.contains("UTF-8") == true)
        }
    }

    @Test("A result of bytes is written where it fits, and its length is told either way")
    func byteResults() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(passing), granting: [Texts()])
            let greet = try plugin.function("greet", taking: Int32.self, Int32.self, returning: Int32.self)
            let result = try await plugin.withSession { (session) throws(PluginError) in
                let needed = try session.call(greet, 200, 2)
                let untouched = try session.bytes(of: GuestBytes(offset: 200, count: 5))
                let written = try session.call(greet, 200, 5)
                return (needed, untouched, written, try session.bytes(of: GuestBytes(offset: 200, count: 5)))
            }
            #expect(result.value.0 == 5)
            #expect(result.value.1 == [0, 0, 0, 0, 0])
            #expect(result.value.2 == 5)
            #expect(result.value.3 == Array("hello".utf8))
        }
    }

    @Test("More host calls than a call may make end it")
    func hostCallLimit() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(passing), granting: [Texts()], limits: PluginLimits(hostCalls: 10))
            let flood = try plugin.function("flood")
            let error = await #expect(throws: PluginError.self) { try await plugin.call(flood) }
            #expect(error?.code == .hostCalls)
            #expect(error?.limit == 10)
            #expect(error?.used == 11)
        }
    }

    @Test("More bytes than a call may hand out end it")
    func outputLimit() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(passing), granting: [Texts()], limits: PluginLimits(outputBytes: 100))
            let flood = try plugin.function("flood")
            let error = await #expect(throws: PluginError.self) { try await plugin.call(flood) }
            #expect(error?.code == .output)
            #expect(error?.limit == 100)
        }
    }

    @Test("A host function can call back into the guest that called it")
    func reentry() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(reentrant), granting: [Callback()])
            let outer = try plugin.function("outer", taking: Int32.self, returning: Int32.self)
            #expect(try await plugin.call(outer, 20).value == 41)
        }
    }

    @Test("A trap in the guest's code that a host function called back keeps its cause")
    func reentryTrap() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(
                .wat(reentrant),
                granting: [Callback()],
                limits: PluginLimits(fuel: 10_000)
            )
            let outer = try plugin.function("outer", taking: Int32.self, returning: Int32.self)
            let trap = await #expect(throws: PluginError.self) { try await plugin.call(outer, -1) }
            #expect(trap?.code == .trap)
            #expect(trap?.trap?.code == .unreachable)
            let fuel = await #expect(throws: PluginError.self) { try await plugin.call(outer, -2) }
            #expect(fuel?.code == .fuel)
        }
    }
}

final class CounterStore: Sendable {
    private let values = Mutex<[String: Int64]>([:])

    func increment(_ name: String, by amount: Int64, upTo highest: Int64) throws(HostError) -> Int64 {
        let sum = values.withLock { values -> Int64? in
            let sum = (values[name] ?? 0) &+ amount
            guard sum <= highest else { return nil }
            values[name] = sum
            return sum
        }
        guard let sum else { throw HostError(.denied, "'\(name)' may not be more than \(highest)") }
        return sum
    }

    func value(of name: String) -> Int64? { values.withLock { $0[name] } }
}

struct Counters: Capability {
    static let id: CapabilityID = "example:counters"
    let store: CounterStore
    let highest: Int64

    static let functions = HostFunctions<Self>(module: "example") {
        HostFunction("increment") { (counters, call, name: GuestString, by: Int64) throws(HostError) -> Int64 in
            try counters.store.increment(call.string(of: name), by: by, upTo: counters.highest)
        }
    }
}

struct Texts: Capability {
    static let id: CapabilityID = "example:texts"

    static let functions = HostFunctions<Self>(module: "texts") {
        HostFunction("text") { (_, call, text: GuestString) throws(HostError) -> Int32 in
            Int32(try call.string(of: text).utf8.count)
        }
        HostFunction("owned") { (_, _, text: String) throws(HostError) -> Int32 in
            Int32(text.utf8.count)
        }
        HostFunction("bytes") { (_, call, bytes: GuestBytes) throws(HostError) -> Int32 in
            try call.withBytes(of: bytes) { (span) throws(HostError) in Int32(span.byteCount) }
        }
        HostFunction("fill") { (_, call, room: GuestBuffer) throws(HostError) -> Int32 in
            try call.withMutableBytes(of: room) { (span) throws(HostError) in
                for offset in 0..<span.byteCount { span.storeBytes(of: 0xff, toByteOffset: offset, as: UInt8.self) }
            }
            return Int32(room.capacity)
        }
        HostFunction("greet") { (_, _) throws(HostError) -> String in "hello" }
    }
}

struct Callback: Capability {
    static let id: CapabilityID = "example:callback"

    static let functions = HostFunctions<Self>(module: "host") {
        HostFunction("twice") { (_, call, value: Int32) throws(HostError) -> Int32 in
            guard let double = try call.function("double", taking: Int32.self, returning: Int32.self) else {
                throw HostError(.abiViolation, "the guest exports no 'double'")
            }
            return try call.call(double, value)
        }
    }
}

private let counting = #"""
    (module
      (import "example" "increment" (func $increment (param i32 i32 i64) (result i64)))
      (memory (export "memory") 1)
      (data (i32.const 16) "hits")
      (func (export "count") (param i64) (result i64) i32.const 16 i32.const 4 local.get 0 call $increment))
    """#

private let passing = #"""
    (module
      (import "texts" "text" (func $text (param i32 i32) (result i32)))
      (import "texts" "owned" (func $owned (param i32 i32) (result i32)))
      (import "texts" "bytes" (func $bytes (param i32 i32) (result i32)))
      (import "texts" "fill" (func $fill (param i32 i32) (result i32)))
      (import "texts" "greet" (func $greet (param i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 8) "\ff\fe")
      (func (export "text") (param i32 i32) (result i32) local.get 0 local.get 1 call $text)
      (func (export "owned") (param i32 i32) (result i32) local.get 0 local.get 1 call $owned)
      (func (export "bytes") (param i32 i32) (result i32) local.get 0 local.get 1 call $bytes)
      (func (export "fill") (param i32 i32) (result i32) local.get 0 local.get 1 call $fill)
      (func (export "greet") (param i32 i32) (result i32) local.get 0 local.get 1 call $greet)
      (func (export "flood") (loop (drop (call $text (i32.const 100) (i32.const 20))) br 0)))
    """#

private let reentrant = #"""
    (module
      (import "host" "twice" (func $twice (param i32) (result i32)))
      (func (export "double") (param i32) (result i32)
        (if (i32.eq (local.get 0) (i32.const -1)) (then unreachable))
        (if (i32.eq (local.get 0) (i32.const -2)) (then (loop br 0)))
        local.get 0 i32.const 2 i32.mul)
      (func (export "outer") (param i32) (result i32) local.get 0 call $twice i32.const 1 i32.add))
    """#
