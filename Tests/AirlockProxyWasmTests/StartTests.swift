import Airlock
import AirlockProxyWasm
import Testing

@Suite("Start of a filter")
struct StartTests {
    @Test("Start functions, root context, machine and filter configuration come in this order")
    func order() async throws {
        try await withFilters { filters in
            _ = try await filters.load(
                Guest.wat(
                    """
                    (func (export "_initialize") (call $say @"initialize"))
                    (func (export "main") (param i32 i32) (result i32) (call $say @"main") (i32.const 0))
                    (func (export "_start") (call $say @"start"))
                    (func (export "proxy_on_context_create") (param i32 i32)
                      (call $note (i32.const 99) (local.get 0)) (call $note (i32.const 112) (local.get 1)))
                    (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
                      (call $note (i32.const 118) (local.get 1))
                      (drop (call $get_buffer_bytes (i32.const 6) (i32.const 0) (local.get 1) @result))
                      (call $show)
                      (call $note (i32.const 110) (call $get_buffer_bytes (i32.const 7) (i32.const 0) (i32.const 9) @result))
                      (i32.const 1))
                    (func (export "proxy_on_configure") (param i32 i32) (result i32)
                      (call $note (i32.const 102) (local.get 1))
                      (drop (call $get_buffer_bytes (i32.const 7) (i32.const 0) (i32.const 1000) @result))
                      (call $show)
                      (i32.const 1))
                    """)
            ) {
                $0.vmConfiguration = Array("machine".utf8)
                $0.configuration = Array("filter settings".utf8)
            }
            #expect(
                filters.log.messages == [
                    "initialize", "main", "c=1", "p=0", "v=7", "machine", "n=1", "f=15", "filter settings",
                ])
        }
    }

    /// Takes that many host calls.
    private func callingHost(_ times: Int) -> String {
        """
        (local $n i32) (local.set $n (i32.const \(times)))
        (loop $l (drop (call $get_log_level (i32.const 24)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        """
    }

    @Test(
        "Each step of a start may use several times as much as a callback",
        arguments: ["_initialize", "proxy_on_vm_start", "proxy_on_configure", "proxy_on_request_headers"])
    func factor(callback: String) async throws {
        let types =
            switch callback {
            case "_initialize": ""
            case "proxy_on_request_headers": "(param i32 i32 i32) (result i32)"
            default: "(param i32 i32) (result i32)"
            }
        let source = Guest.wat(
            """
            (func (export "\(callback)") \(types)
              \(callback == "_initialize" ? Self.spinning : callingHost(25)) \(types.contains("result") ? "(i32.const 1)" : ""))
            """)
        try await withFilters { filters in
            func load(_ factor: Int) async throws -> ProxyWasmFilter {
                try await filters.load(source) {
                    $0.startFactor = factor
                    $0.limits.hostCalls = 10
                    $0.limits.fuel = 100_000
                }
            }
            if callback == "proxy_on_request_headers" {
                let stream = await filters.stream(try await load(100))
                #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 503)
                await stream.finish()
            } else {
                await #expect(throws: PluginError.self) { _ = try await load(2) }
                _ = try await load(3)
            }
        }
    }

    private static let spinning = """
        (local $n i32) (local.set $n (i32.const 52000))
        (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        """

    @Test("A start factor that could not be is refused", arguments: [0, -1, 101])
    func badFactor(factor: Int) async throws {
        try await withFilters { filters in
            #expect(await filters.refusal(Guest.wat("")) { $0.startFactor = factor }?.code == .configuration)
        }
    }

    @Test("A filter may begin with much memory")
    func memory() async throws {
        try await withFilters { filters in
            let large = Guest.wat("", memory: #"(memory (export "memory") 2100)"#)
            let filter = try await filters.load(large)
            #expect(filter.workers == 1)
        }
    }

    @Test("A module without _initialize starts with _start, and _initialize alone tries __main_void")
    func commands() async throws {
        try await withFilters { filters in
            _ = try await filters.load(
                Guest.wat(
                    """
                    (func (export "_start") (call $say @"start"))
                    (func (export "main") (param i32 i32) (result i32) (call $say @"main") (i32.const 0))
                    """))
            _ = try await filters.load(
                Guest.wat(
                    """
                    (func (export "_initialize") (call $say @"initialize"))
                    (func (export "__main_void") (result i32) (call $say @"main_void") (i32.const 0))
                    """))
            #expect(filters.log.messages == ["start", "initialize", "main_void"])
        }
    }

    @Test("A filter runs once on each worker loop")
    func loops() async throws {
        try await withFilters(workers: 2) { filters in
            let filter = try await filters.load(Guest.wat(#"(func (export "_start") (call $say @"start"))"#))
            #expect(filters.log.messages == ["start", "start"])
            #expect(await filter.status().readyLoops == 2)
        }
    }

    @Test("All versions of the ABI are run", arguments: ABIVersion.allCases)
    func versions(version: ABIVersion) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(Guest.wat("", marker: version.rawValue))
            #expect(await filter.status().version == 1)
        }
    }

    @Test("Of two allocators malloc is used")
    func bothAllocators() async throws {
        try await withFilters { filters in
            _ = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_memory_allocate") (param i32) (result i32) unreachable)
                    (func (export "proxy_on_configure") (param i32 i32) (result i32)
                      (drop (call $get_property @"plugin_name" @result)) (call $show) (i32.const 1))
                    """))
            #expect(filters.log.messages == ["filter"])
        }
    }

    @Test("What compilers leave behind is there, also while a module starts")
    func leftovers() async throws {
        try await withFilters { filters in
            _ = try await filters.load(
                .wat(
                    """
                    (module
                      (import "env" "emscripten_notify_memory_growth" (func $grown (param i32)))
                      (import "env" "pthread_equal" (func $equal (param i32 i32) (result i32)))
                      (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
                      (memory (export "memory") 1)
                      (func (export "malloc") (param i32) (result i32) (i32.const 1024))
                      (func (export "proxy_abi_version_0_2_0"))
                      (func $say (param i32)
                        (i32.store8 (i32.const 0) (i32.add (i32.const 48) (local.get 0)))
                        (drop (call $log (i32.const 2) (i32.const 0) (i32.const 1))))
                      (func (export "_initialize")
                        (drop (memory.grow (i32.const 1))) (call $grown (i32.const 0))
                        (call $say (call $equal (i32.const 7) (i32.const 7)))
                        (call $say (call $equal (i32.const 7) (i32.const 8)))))
                    """))
            #expect(filters.log.messages == ["1", "0"])
        }
    }

    @Test("The specification's allocator does where there is no malloc")
    func allocator() async throws {
        try await withFilters { filters in
            _ = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_configure") (param i32 i32) (result i32)
                      (drop (call $get_property @"plugin_name" @result)) (call $show) (i32.const 1))
                    """, allocator: "proxy_on_memory_allocate"), name: "called so")
            #expect(filters.log.messages == ["called so"])
        }
    }

    @Test(
        "A filter that answers 0 to its configuration is refused",
        arguments: ["proxy_on_vm_start", "proxy_on_configure"])
    func refused(callback: String) async throws {
        try await withFilters { filters in
            let source = Guest.wat(
                """
                (func (export "\(callback)") (param i32 i32) (result i32) (i32.const 0))
                (func (export "proxy_on_delete") (param i32) (call $say @"deleted"))
                """)
            let error = await filters.refusal(source)
            #expect(error?.code == .guestError)
            #expect(error?.message.contains(callback) == true)
            #expect(filters.log.messages == ["deleted"])
        }
    }

    @Test("A start function that traps or never ends is refused")
    func failingStart() async throws {
        try await withFilters { filters in
            let trap = await filters.refusal(Guest.wat(#"(func (export "_initialize") unreachable)"#))
            #expect(trap?.code == .trap)
            let endless = await filters.refusal(Guest.wat(#"(func (export "_start") (loop $l (br $l)))"#)) {
                $0.limits.fuel = 100_000
            }
            #expect(endless?.code == .fuel)
        }
    }
}
