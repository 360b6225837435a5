import Airlock
import AirlockCapabilities
import Synchronization

/// A guest that passes on what a test gives it. One call at a time: each call's bytes go through one exchange.
struct GuestKeyValueUse: KeyValueUse {
    let plugin: SuspendablePlugin
    private let exchange: Exchange

    init(_ grant: KeyValue, host: PluginHost) async throws {
        exchange = Exchange()
        plugin = try await host.loadSuspendable(
            .wat(keyValueGuest),
            granting: [grant, BytesOfTests(exchange: exchange)],
            limits: PluginLimits(deadline: .seconds(60), memory: 2 << 20)
        )
    }

    private func call(_ name: String, _ inputs: [UInt8]...) async throws -> Int32 {
        exchange.start(inputs)
        return try await plugin.call(plugin.function(name, returning: Int32.self)).value
    }

    func get(_ key: [UInt8]) async throws -> [UInt8]? {
        let count = try await call("get", key)
        return count < 0 ? nil : exchange.output
    }

    func set(_ key: [UInt8], _ value: [UInt8], lifetime: Int64) async throws -> Int32 {
        exchange.start([key, value])
        let set = try plugin.function("set", taking: Int64.self, returning: Int32.self)
        return try await plugin.call(set, lifetime).value
    }

    func setIfAbsent(_ key: [UInt8], _ value: [UInt8]) async throws -> Int32 {
        try await call("set-if-absent", key, value)
    }

    func swap(_ key: [UInt8], _ expected: [UInt8], _ value: [UInt8]) async throws -> Int32 {
        try await call("compare-and-swap", key, expected, value)
    }

    func delete(_ key: [UInt8]) async throws -> Int32 {
        try await call("delete", key)
    }

    func compareAndDelete(_ key: [UInt8], _ expected: [UInt8]) async throws -> Int32 {
        try await call("compare-and-delete", key, expected)
    }

    /// The page that fits room of that many bytes; nil where the guest is told that nothing does.
    func page(_ prefix: [UInt8], from cursor: [UInt8], most: Int, room: Int) async throws -> KeyValuePage? {
        exchange.start([prefix, cursor])
        let list = try plugin.function("list", taking: Int32.self, Int32.self, returning: Int32.self)
        let count = try await plugin.call(list, Int32(clamping: most), Int32(room)).value
        return count == -7 ? nil : KeyValuePage(encoded: exchange.output)
    }

    func page(_ prefix: [UInt8], from cursor: [UInt8], most: Int) async throws -> KeyValuePage {
        try await page(prefix, from: cursor, most: most, room: 256 << 10) ?? KeyValuePage(keys: [], next: nil)
    }

    func usage() async throws -> KeyValueUsage {
        KeyValueUsage(
            bytes: Int(try await plugin.call(plugin.function("used-bytes", returning: Int64.self)).value),
            keys: Int(try await plugin.call(plugin.function("key-count", returning: Int64.self)).value)
        )
    }
}

extension KeyValuePage {
    /// Reads a page as a guest gets it.
    init(encoded bytes: [UInt8]) {
        var rest = bytes[...]
        func number() -> Int {
            defer { rest = rest.dropFirst(4) }
            return rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        func text() -> [UInt8] {
            let count = number()
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        let keys = (0..<number()).map { _ in text() }
        let cursor = text()
        self.init(keys: keys, next: cursor.isEmpty ? nil : cursor)
    }
}

/// What goes between a test and its guest.
private final class Exchange: Sendable {
    private let state = Mutex<(inputs: [[UInt8]], output: [UInt8])>(([], []))

    var output: [UInt8] { state.withLock { $0.output } }

    func start(_ inputs: [[UInt8]]) {
        state.withLock { $0 = (inputs, []) }
    }

    func input(_ index: Int) -> [UInt8] { state.withLock { $0.inputs[index] } }

    func finish(_ output: [UInt8]) {
        state.withLock { $0.output = output }
    }
}

private struct BytesOfTests: Capability {
    static let id: CapabilityID = "test:bytes"
    let exchange: Exchange

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("take") { (bytes, call, index: Int32, offset: UInt32) throws(HostError) -> Int32 in
            let input = bytes.exchange.input(Int(index))
            try call.write(input, at: offset)
            return Int32(input.count)
        }
        HostFunction("give") { (bytes, _, output: [UInt8]) throws(HostError) in bytes.exchange.finish(output) }
    }
}

/// Keys at 64 KiB, further arguments 192 KiB apart, room at 640 KiB. The exports with `raw` pass offsets and lengths on as they are.
private let keyValueGuest = #"""
    (module
      (import "test" "take" (func $take (param i32 i32) (result i32)))
      (import "test" "give" (func $give (param i32 i32)))
      (import "airlock:kv" "get" (func $get (param i32 i32 i32 i32) (result i32)))
      (import "airlock:kv" "set" (func $set (param i32 i32 i32 i32 i64) (result i32)))
      (import "airlock:kv" "set-if-absent" (func $set-if-absent (param i32 i32 i32 i32 i64) (result i32)))
      (import "airlock:kv" "compare-and-swap" (func $swap (param i32 i32 i32 i32 i32 i32 i64) (result i32)))
      (import "airlock:kv" "delete" (func $delete (param i32 i32) (result i32)))
      (import "airlock:kv" "compare-and-delete" (func $compare-and-delete (param i32 i32 i32 i32) (result i32)))
      (import "airlock:kv" "list" (func $list (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
      (import "airlock:kv" "key-count" (func $key-count (result i64)))
      (import "airlock:kv" "used-bytes" (func $used-bytes (result i64)))
      (memory (export "memory") 16)
      (global $first i32 (i32.const 65536))
      (global $second i32 (i32.const 262144))
      (global $third i32 (i32.const 458752))
      (global $room i32 (i32.const 655360))

      (func $result (param $count i32) (result i32)
        (if (i32.gt_s (local.get $count) (i32.const 0)) (then (call $give (global.get $room) (local.get $count))))
        local.get $count)
      (func (export "get") (result i32)
        (call $result (call $get
          (global.get $first) (call $take (i32.const 0) (global.get $first)) (global.get $room) (i32.const 262144))))
      (func (export "set") (param i64) (result i32)
        (call $set
          (global.get $first) (call $take (i32.const 0) (global.get $first))
          (global.get $second) (call $take (i32.const 1) (global.get $second)) (local.get 0)))
      (func (export "set-if-absent") (result i32)
        (call $set-if-absent
          (global.get $first) (call $take (i32.const 0) (global.get $first))
          (global.get $second) (call $take (i32.const 1) (global.get $second)) (i64.const 0)))
      (func (export "compare-and-swap") (result i32)
        (call $swap
          (global.get $first) (call $take (i32.const 0) (global.get $first))
          (global.get $second) (call $take (i32.const 1) (global.get $second))
          (global.get $third) (call $take (i32.const 2) (global.get $third)) (i64.const 0)))
      (func (export "delete") (result i32)
        (call $delete (global.get $first) (call $take (i32.const 0) (global.get $first))))
      (func (export "compare-and-delete") (result i32)
        (call $compare-and-delete
          (global.get $first) (call $take (i32.const 0) (global.get $first))
          (global.get $second) (call $take (i32.const 1) (global.get $second))))
      (func (export "list") (param $most i32) (param $capacity i32) (result i32)
        (call $result (call $list
          (global.get $first) (call $take (i32.const 0) (global.get $first))
          (global.get $second) (call $take (i32.const 1) (global.get $second))
          (local.get $most) (global.get $room) (local.get $capacity))))
      (func (export "key-count") (result i64) call $key-count)
      (func (export "used-bytes") (result i64) call $used-bytes)

      (func (export "raw-get-key") (param i32 i32) (result i32)
        (call $get (local.get 0) (local.get 1) (i32.const 0) (i32.const 8)))
      (func (export "raw-get-room") (param i32 i32) (result i32)
        (call $get (i32.const 0) (i32.const 1) (local.get 0) (local.get 1)))
      (func (export "raw-set-key") (param i32 i32) (result i32)
        (call $set (local.get 0) (local.get 1) (i32.const 0) (i32.const 1) (i64.const 0)))
      (func (export "raw-set-value") (param i32 i32) (result i32)
        (call $set (i32.const 0) (i32.const 1) (local.get 0) (local.get 1) (i64.const 0)))
      (func (export "raw-set-if-absent") (param i32 i32) (result i32)
        (call $set-if-absent (i32.const 0) (i32.const 1) (local.get 0) (local.get 1) (i64.const 0)))
      (func (export "raw-swap-expected") (param i32 i32) (result i32)
        (call $swap
          (i32.const 0) (i32.const 1) (local.get 0) (local.get 1) (i32.const 0) (i32.const 1) (i64.const 0)))
      (func (export "raw-delete") (param i32 i32) (result i32) (call $delete (local.get 0) (local.get 1)))
      (func (export "raw-compare-and-delete") (param i32 i32) (result i32)
        (call $compare-and-delete (i32.const 0) (i32.const 1) (local.get 0) (local.get 1)))
      (func (export "raw-list-prefix") (param i32 i32) (result i32)
        (call $list
          (local.get 0) (local.get 1) (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 99)))
      (func (export "raw-list-cursor") (param i32 i32) (result i32)
        (call $list
          (i32.const 0) (i32.const 0) (local.get 0) (local.get 1) (i32.const 9) (i32.const 0) (i32.const 99)))
      (func (export "raw-list-room") (param i32 i32) (result i32)
        (call $list
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 9) (local.get 0) (local.get 1))))
    """#
