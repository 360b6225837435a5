import Airlock
import AirlockProxyWasm
import Testing

@Suite("Modules that are refused")
struct RefusedModuleTests {
    @Test("Without a version of the ABI, or with one that nobody knows")
    func marker() async throws {
        try await withFilters { filters in
            let missing = await filters.refusal(Guest.wat("", marker: "nothing"))
            #expect(missing?.code == .missingExport)
            #expect(missing?.message.contains("proxy_abi_version_0_2_1") == true)
            let unknown = await filters.refusal(Guest.wat("", marker: "proxy_abi_version_0_3_0"))
            #expect(unknown?.code == .missingExport)
            #expect(unknown?.message.contains("proxy_abi_version_0_1_0") == true)
        }
    }

    @Test("Without an allocator, or with one of another type")
    func allocator() async throws {
        try await withFilters { filters in
            let missing = await filters.refusal(Guest.wat("", allocator: "nothing"))
            #expect(missing?.code == .missingExport)
            #expect(missing?.message.contains("malloc") == true)
            let other = await filters.refusal(
                Guest.wat(#"(func (export "malloc") (param i64) (result i32) (i32.const 0))"#, allocator: "nothing"))
            #expect(other?.code == .signatureMismatch)
        }
    }

    @Test("Without a memory to work on")
    func memory() async throws {
        try await withFilters { filters in
            let error = await filters.refusal(Guest.wat("", memory: "(memory 16)"))
            #expect(error?.code == .missingExport)
            #expect(error?.message.contains("memory") == true)
        }
    }

    @Test("With imports that nobody offers, all of which are named")
    func imports() async throws {
        try await withFilters { filters in
            let error = await filters.refusal(
                .wat(
                    """
                    (module
                      (import "env" "proxy_set_buffer" (func (param i32)))
                      (import "env" "proxy_set_active_span_tag" (func (param i32)))
                      (import "wasi_snapshot_preview1" "sock_open" (func (param i32) (result i32)))
                      (memory (export "memory") 1)
                      (func (export "malloc") (param i32) (result i32) (i32.const 0))
                      (func (export "proxy_abi_version_0_2_1")))
                    """))
            #expect(error?.code == .missingCapability)
            for name in ["proxy_set_buffer", "proxy_set_active_span_tag", "sock_open"] {
                #expect(error?.message.contains(name) == true)
            }
        }
    }

    @Test("With headers callbacks of a later version than the one that it names", arguments: ["request", "response"])
    func laterHeaders(name: String) async throws {
        try await withFilters { filters in
            let error = await filters.refusal(
                Guest.wat(
                    #"(func (export "proxy_on_\#(name)_headers") (param i32 i32 i32) (result i32) (i32.const 0))"#,
                    marker: "proxy_abi_version_0_1_0"))
            #expect(error?.code == .signatureMismatch)
            #expect(error?.message.contains("'proxy_on_\(name)_headers' has the type") == true)
        }
    }

    @Test(
        "With a callback of another type; both types are in the message",
        arguments: [
            (
                #"(func (export "proxy_on_request_headers") (param i32 i32) (result i32) (i32.const 0))"#,
                "proxy_on_request_headers"
            ),
            (#"(func (export "proxy_on_response_body") (param i32 i32 i32))"#, "proxy_on_response_body"),
            (#"(func (export "proxy_on_tick") (param i64))"#, "proxy_on_tick"),
            (#"(func (export "proxy_on_http_call_response") (param i32))"#, "proxy_on_http_call_response"),
            (#"(func (export "_initialize") (param i32))"#, "_initialize"),
        ]
    )
    func signature(function: String, name: String) async throws {
        try await withFilters { filters in
            let error = await filters.refusal(Guest.wat(function))
            #expect(error?.code == .signatureMismatch)
            #expect(error?.message.contains("'\(name)' has the type") == true)
            #expect(error?.message.contains("expected") == true)
        }
    }

    @Test("That call a restricted function while they start")
    func restricted() async throws {
        try await withFilters { filters in
            let start = Guest.wat(#"(func (export "_initialize") (drop (call $get_property @"plugin_name" @result)))"#)
            let error = await filters.refusal(start)
            #expect(error?.code == .abiViolation)
            #expect(error?.message.contains("proxy_get_property") == true)
        }
    }

    @Test("That are garbage")
    func garbage() async throws {
        try await withFilters { filters in
            #expect(await filters.refusal(.bytes([]))?.code == .invalidModule)
            #expect(await filters.refusal(.bytes(Array("\0asm garbage".utf8)))?.code == .invalidModule)
        }
    }
}
