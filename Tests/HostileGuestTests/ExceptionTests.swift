import Airlock
import AirlockTesting
import Testing

@Suite("Hostile: exception objects", .hostile)
struct ExceptionTests {
    @Test("A guest that keeps exception objects meets its memory limit", arguments: [false, true])
    func kept(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand(repetitions: 500) { host in
                var limits = PluginLimits.patient
                limits.memory = 1 << 20
                let caller = try await Caller(.wat(hoarding), isSuspendable, limits: limits, on: host)
                let hoard = try caller.function("hoard", taking: Int32.self, returning: Int32.self)
                return {
                    try #require(try await caller.call(hoard, 1_000).value == 1_000)
                    let error = try await failure(.memory) { _ = try await caller.call(hoard, 100_000) }
                    try #require(error.limit == 1 << 20)
                    try #require(error.backtrace.isEmpty == false)
                }
            }
        }
    }

    @Test("An instance that can throw exceptions counts in a quota with the heap of their objects as well")
    func reserved() async throws {
        var limits = PluginLimits.patient
        limits.memory = 1 << 20
        // Linear memory, the objects' heap, and the table.
        let most = 2 * (1 << 20) + 100_000 * 8
        try await withPluginHost(.hostile()) { [limits] host in
            let enough = try Quota("enough", memory: most)
            _ = try await host.load(.wat(hoarding), name: "fits", limits: limits, quota: enough)
            let short = try Quota("short", memory: most - 1)
            let error = try await failure(.quotaExceeded) {
                _ = try await host.load(.wat(hoarding), name: "hostile", limits: limits, quota: short)
            }
            #expect(error.quota == "short")
        }
    }
}

/// Throws exceptions of 800 bytes, and keeps them in a table.
private let hoarding = """
    (module
      (memory 1)
      (tag $e (param \(repeatElement("i64", count: 100).joined(separator: " "))))
      (table $kept 100000 exnref)
      (func (export "hoard") (param $count i32) (result i32) (local $i i32) (local $thrown exnref)
        (loop $more
          (block $caught (result exnref)
            (try_table (catch_all_ref $caught)
              (throw $e \(repeatElement("(i64.const 7)", count: 100).joined(separator: " "))))
            unreachable)
          (local.set $thrown)
          (table.set $kept (local.get $i) (local.get $thrown))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $i) (local.get $count))))
        (local.get $i)))
    """
