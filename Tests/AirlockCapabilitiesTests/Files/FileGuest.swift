import Airlock
import AirlockCapabilities
import Synchronization

/// A guest that imports all of `airlock:files`, and passes on what a test hands it.
struct FileGuest {
    let plugin: SuspendablePlugin
    private let exchange = Exchange()

    init(_ host: PluginHost, _ files: FileAccess, limits: PluginLimits = PluginLimits(deadline: .seconds(60)))
        async throws
    {
        plugin = try await host.loadSuspendable(.wat(guest), granting: [files, exchange], limits: limits)
    }

    func read(_ path: String, at offset: UInt64 = 0, room: UInt32 = 1 << 16) async throws -> String {
        let count = try await call("read", path, "", offset, room)
        guard count >= 0 else { return "error \(count)" }
        return String(decoding: exchange.given, as: UTF8.self)
    }

    func write(_ text: String, to path: String, at offset: UInt64 = 0) async throws -> Int32 {
        try await call("write", path, text, offset)
    }

    /// Calls a function with a path, a second text where it takes one, and numbers where it takes some.
    @discardableResult
    func call(
        _ name: String, _ path: String, _ text: String = "", _ number: UInt64 = 0, _ room: UInt32 = 1 << 16
    ) async throws -> Int32 {
        exchange.set([path, text])
        let function = try plugin.function(name, taking: UInt64.self, UInt32.self, returning: Int32.self)
        return try await plugin.call(function, number, room).value
    }

    /// What the last call handed out.
    var given: [UInt8] { exchange.given }

    func list(_ path: String, after: String = "", room: UInt32 = 1 << 16) async throws -> [String] {
        let count = try await call("list", path, after, 0, room)
        guard count > 0 else { return count == 0 ? [] : ["error \(count)"] }
        var (names, rest) = ([String](), given[...])
        while rest.count >= 3 {
            let length = Int(rest[rest.startIndex + 1]) | Int(rest[rest.startIndex + 2]) << 8
            names.append(String(decoding: rest.dropFirst(3).prefix(length), as: UTF8.self))
            rest = rest.dropFirst(3 + length)
        }
        return names
    }
}

/// Texts on their way between a test and its guest.
private final class Texts: Sendable {
    let values = Mutex<(taken: [String], given: [UInt8])>(([], []))
}

private struct Exchange: Capability {
    static let id: CapabilityID = "test:exchange"
    private let texts = Texts()

    func set(_ values: [String]) { texts.values.withLock { $0 = (values, []) } }
    var given: [UInt8] { texts.values.withLock { $0.given } }

    static let functions = HostFunctions<Self>(module: "exchange") {
        HostFunction("take") { (exchange, _, index: UInt32) throws(HostError) -> String in
            exchange.texts.values.withLock { $0.taken[Int(index)] }
        }
        HostFunction("give") { (exchange, _, bytes: [UInt8]) throws(HostError) -> Void in
            exchange.texts.values.withLock { $0.given = bytes }
        }
    }
}

private let guest = #"""
    (module
      (import "exchange" "take" (func $take (param i32 i32 i32) (result i32)))
      (import "exchange" "give" (func $give (param i32 i32)))
      (import "airlock:files" "read" (func $read (param i32 i32 i64 i32 i32) (result i32)))
      (import "airlock:files" "write" (func $write (param i32 i32 i64 i32 i32) (result i32)))
      (import "airlock:files" "append" (func $append (param i32 i32 i32 i32) (result i32)))
      (import "airlock:files" "create" (func $create (param i32 i32) (result i32)))
      (import "airlock:files" "resize" (func $resize (param i32 i32 i64) (result i32)))
      (import "airlock:files" "status" (func $status (param i32 i32 i32 i32) (result i32)))
      (import "airlock:files" "list" (func $list (param i32 i32 i32 i32 i32 i32) (result i32)))
      (import "airlock:files" "remove" (func $remove (param i32 i32) (result i32)))
      (import "airlock:files" "make_folder" (func $make_folder (param i32 i32) (result i32)))
      (import "airlock:files" "rename" (func $rename (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 64)
      (func $path (result i32) (call $take (i32.const 0) (i32.const 1024) (i32.const 65536)))
      (func $text (result i32) (call $take (i32.const 1) (i32.const 131072) (i32.const 2097152)))
      (func $answer (param i32) (result i32)
        (if (i32.gt_s (local.get 0) (i32.const 0)) (then (call $give (i32.const 2228224) (local.get 0))))
        local.get 0)
      (func (export "read") (param i64 i32) (result i32)
        (call $answer (call $read (i32.const 1024) (call $path) (local.get 0) (i32.const 2228224) (local.get 1))))
      (func (export "write") (param i64 i32) (result i32)
        (call $write (i32.const 1024) (call $path) (local.get 0) (i32.const 131072) (call $text)))
      (func (export "append") (param i64 i32) (result i32)
        (call $append (i32.const 1024) (call $path) (i32.const 131072) (call $text)))
      (func (export "create") (param i64 i32) (result i32) (call $create (i32.const 1024) (call $path)))
      (func (export "resize") (param i64 i32) (result i32) (call $resize (i32.const 1024) (call $path) (local.get 0)))
      (func (export "status") (param i64 i32) (result i32)
        (call $answer (call $status (i32.const 1024) (call $path) (i32.const 2228224) (local.get 1))))
      (func (export "list") (param i64 i32) (result i32)
        (call $answer
          (call $list (i32.const 1024) (call $path) (i32.const 131072) (call $text) (i32.const 2228224) (local.get 1))))
      (func (export "remove") (param i64 i32) (result i32) (call $remove (i32.const 1024) (call $path)))
      (func (export "make_folder") (param i64 i32) (result i32) (call $make_folder (i32.const 1024) (call $path)))
      (func (export "rename") (param i64 i32) (result i32)
        (call $rename (i32.const 1024) (call $path) (i32.const 131072) (call $text))))
    """#
