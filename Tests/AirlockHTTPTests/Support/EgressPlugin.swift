import Airlock
import AirlockHTTP
import AirlockTesting
import Synchronization
import Wasmtime

/// A plugin that sends the requests that a test hands to it, and hands back what came.
struct EgressPlugin: Sendable {
    private let plugin: SuspendablePlugin
    private let script: Script
    private let run: GuestFunction<Int32, Int32>

    init(
        _ host: PluginHost,
        _ grant: HTTPEgress,
        limits: PluginLimits = PluginLimits(deadline: .seconds(60)),
        quota: Quota? = nil
    ) async throws {
        let script = Script()
        self.script = script
        plugin = try await host.loadSuspendable(
            .wat(guest), name: "egress", granting: [grant, script], limits: limits, quota: quota)
        run = try plugin.function("run", taking: Int32.self, returning: Int32.self)
    }

    func send(_ request: GuestRequest) async throws -> GuestAnswer {
        try await send(bytes: request.bytes)
    }

    func send(bytes: [UInt8]) async throws -> GuestAnswer {
        let id = script.add(bytes)
        let result = try await plugin.call(run, id)
        let (head, body) = script.take(id)
        var answer = GuestAnswer(result: result.value, body: body, egressBytes: result.report.egressBytes)
        if result.value > 0 { answer.read(head: head) }
        return answer
    }

    /// Whether a response of an earlier call is still there; ends the call where it is not.
    func status(ofHandle handle: Int32) async throws -> Int32 {
        try await plugin.call(plugin.function("status", taking: Int32.self, returning: Int32.self), handle).value
    }

    /// Sends the request that often without closing a response, and returns the last result.
    func hoard(_ request: GuestRequest, _ count: Int32) async throws -> Int32 {
        let id = script.add(request.bytes)
        let hoard = try plugin.function("hoard", taking: Int32.self, Int32.self, returning: Int32.self)
        return try await plugin.call(hoard, id, count).value
    }
}

/// What goes between a test and its guest.
private struct Script: Capability {
    static let id: CapabilityID = "test:script"

    final class Pages: Sendable {
        struct Page {
            var request: [UInt8]
            var parts: [[UInt8]] = []
        }

        let pages = Mutex<[Int32: Page]>([:])
    }

    let pages = Pages()

    func add(_ request: [UInt8]) -> Int32 {
        pages.pages.withLock { pages in
            let id = Int32(pages.count)
            pages[id] = Pages.Page(request: request)
            return id
        }
    }

    func take(_ id: Int32) -> (head: [UInt8], body: [UInt8]) {
        let parts = pages.pages.withLock { $0[id]?.parts ?? [] }
        return (parts.first ?? [], parts.dropFirst().flatMap(\.self))
    }

    static let functions = HostFunctions<Self>(module: "script") {
        HostFunction("request") { (script, _, id: Int32) throws(HostError) -> [UInt8] in
            script.pages.pages.withLock { $0[id]?.request ?? [] }
        }
        HostFunction("put") { (script, call, id: Int32, part: GuestBytes) throws(HostError) -> Void in
            let bytes = try call.bytes(of: part)
            script.pages.pages.withLock { $0[id]?.parts.append(bytes) }
        }
    }
}

private let guest = #"""
    (module
      (import "airlock:http" "send" (func $send (param i32 i32) (result i32)))
      (import "airlock:http" "status" (func $status (param i32) (result i32)))
      (import "airlock:http" "head" (func $head (param i32 i32 i32) (result i32)))
      (import "airlock:http" "body_length" (func $body_length (param i32) (result i32)))
      (import "airlock:http" "body" (func $body (param i32 i32 i32 i32) (result i32)))
      (import "airlock:http" "close" (func $close (param i32)))
      (import "script" "request" (func $request (param i32 i32 i32) (result i32)))
      (import "script" "put" (func $put (param i32 i32 i32)))
      (memory (export "memory") 64)
      (func (export "run") (param $id i32) (result i32)
        (local $handle i32) (local $status i32) (local $done i32) (local $count i32)
        (local.set $handle
          (call $send (i32.const 0) (call $request (local.get $id) (i32.const 0) (i32.const 4194304))))
        (if (i32.lt_s (local.get $handle) (i32.const 1)) (then (return (local.get $handle))))
        (call $put (local.get $id) (i32.const 0) (call $head (local.get $handle) (i32.const 0) (i32.const 4194304)))
        (block $end (loop $next
          (br_if $end (i32.ge_u (local.get $done) (call $body_length (local.get $handle))))
          (local.set $count (call $body (local.get $handle) (local.get $done) (i32.const 0) (i32.const 1000)))
          (call $put (local.get $id) (i32.const 0) (local.get $count))
          (local.set $done (i32.add (local.get $done) (local.get $count)))
          (br $next)))
        (local.set $status (call $status (local.get $handle)))
        (call $close (local.get $handle))
        (local.get $status))
      (func (export "status") (param i32) (result i32) (call $status (local.get 0)))
      (func (export "hoard") (param $id i32) (param $count i32) (result i32)
        (local $handle i32)
        (loop $next
          (local.set $handle
            (call $send (i32.const 0) (call $request (local.get $id) (i32.const 0) (i32.const 4194304))))
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (br_if $next (i32.gt_s (local.get $count) (i32.const 0))))
        (local.get $handle)))
    """#
