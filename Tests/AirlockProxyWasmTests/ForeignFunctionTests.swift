import Airlock
import AirlockProxyWasm
import Testing

@Suite("Foreign functions", .timeLimit(.minutes(1)))
struct ForeignFunctionTests {
    private func onRequest(_ body: String) -> PluginSource {
        Guest.wat(
            #"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) \#(body) (i32.const 0))"#)
    }

    private func call(_ name: String, _ arguments: String = "", to place: String = "@result") -> String {
        #"(call $note (i32.const 102) (call $call_foreign_function @"\#(name)" @"\#(arguments)" \#(place)))"#
    }

    private func run(_ filters: Filters, _ filter: ProxyWasmFilter) async -> HTTPFilterStream {
        let stream = await filters.stream(filter)
        #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
        return stream
    }

    @Test("A function of the service gets the filter's bytes and its name, and answers with bytes or a status")
    func ownFunctions() async throws {
        var functions = ForeignFunctions()
        functions["echo"] = { (call) throws(ForeignFunctionError) in
            Array("\(call.filter) of \(call.vmID): ".utf8) + call.arguments
        }
        functions["fail"] = { (call) throws(ForeignFunctionError) in
            switch call.arguments {
            case Array("1".utf8): throw .notFound
            case Array("2".utf8): throw .badArgument
            case Array("3".utf8): throw .serializationFailure
            case Array("4".utf8): throw .parseFailure
            case Array("10".utf8): throw .internalFailure
            default: throw .unimplemented
            }
        }
        let failures = ["1", "2", "3", "4", "10", "12"].map { call("fail", $0) }.joined()
        try await withFilters(foreignFunctions: functions) { filters in
            let filter = try await filters.load(
                onRequest("\(call("echo", "bytes")) (call $show) \(failures) \(call("nosuch")) \(call("compress"))"),
                name: "caller"
            ) { $0.vmID = "vm" }
            await run(filters, filter).finish()
            #expect(
                filters.log.messages == [
                    "f=0", "caller of vm: bytes", "f=1", "f=2", "f=3", "f=4", "f=10", "f=12", "f=1", "f=1",
                ])
        }
    }

    @Test("A filter that wants no result passes null; one that fails gets none")
    func places() async throws {
        var functions = ForeignFunctions()
        functions["echo"] = { (call) throws(ForeignFunctionError) in
            guard !call.arguments.isEmpty else { throw .internalFailure }
            return call.arguments
        }
        let size = "(call $note (i32.const 110) (i32.load (i32.const 20)))"
        let null = "(i32.const 0) (i32.const 0)"
        let body = """
            (i32.store (i32.const 0) (i32.const 77))
            \(call("echo", "abc", to: null))
            \(call("echo", "abc", to: "(i32.const 0) (i32.const 20)")) \(size)
            \(call("echo", "xy", to: "(i32.const 16) (i32.const 0)")) (call $say (i32.load (i32.const 16)) (i32.const 2))
            (call $note (i32.const 48) (i32.load (i32.const 0)))
            \(call("echo", "")) \(size)
            \(call("echo", "abc", to: "(i32.const -2) (i32.const 20)"))
            """
        try await withFilters(foreignFunctions: functions) { filters in
            let filter = try await filters.load(onRequest(body))
            await run(filters, filter).finish()
            #expect(filters.log.messages == ["f=0", "f=0", "n=3", "f=0", "xy", "0=77", "f=10", "n=0", "f=6"])
        }
    }

    @Test("Arguments and results are bounded, and so is what stands outside the memory")
    func bounds() async throws {
        var functions = ForeignFunctions()
        functions["double"] = { (call) throws(ForeignFunctionError) in call.arguments + call.arguments }
        func double(_ count: Int) -> String {
            #"(call $note (i32.const 102) (call $call_foreign_function @"double" (i32.const 1024) (i32.const \#(count)) @result))"#
        }
        let outside =
            #"(call $note (i32.const 102) (call $call_foreign_function @"double" (i32.const -4) (i32.const 8) @result))"#
        let longName =
            "(call $note (i32.const 102) (call $call_foreign_function (i32.const 0) (i32.const 300) (i32.const 0) (i32.const 0) @result))"
        try await withFilters(
            limits: ProxyWasmRuntimeLimits(foreignFunctionBytes: 100), foreignFunctions: functions
        ) { filters in
            let filter = try await filters.load(onRequest(double(50) + double(51) + double(101) + outside + longName))
            await run(filters, filter).finish()
            #expect(filters.log.messages == ["f=0", "f=10", "f=2", "f=6", "f=1"])
        }
    }

    @Test("Functions are granted by name; filters for which other ones were granted share no virtual machine")
    func grants() async throws {
        var functions = ForeignFunctions()
        for name in ["one", "two"] { functions[name] = { (_) throws(ForeignFunctionError) in [] } }
        let source = Guest.wat(
            """
            (global $requests (mut i32) (i32.const 0))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (global.set $requests (i32.add (global.get $requests) (i32.const 1)))
              (call $note (i32.const 110) (global.get $requests))
              \(call("one")) \(call("two")) (i32.const 0))
            """)
        try await withFilters(foreignFunctions: functions) { filters in
            let all = try await filters.load(source)
            let some = try await filters.load(source) { $0.foreignFunctions = ["one", "three"] }
            let none = try await filters.load(source) { $0.grants = .all.subtracting(.foreignFunctions) }
            for filter in [all, some, none] { await run(filters, filter).finish() }
            #expect(filters.log.messages == ["n=1", "f=0", "f=0", "n=1", "f=0", "f=1", "n=1", "f=10", "f=10"])
        }
    }

    @Test("A policy gives functions by name")
    func policy() throws {
        let grant = ProxyWasmABI(grants: .all, upstreams: ["auth"], foreignFunctions: ["one", "two"])
        #expect(grant.summary == "all functions; upstreams auth; foreign functions one, two")
        func wish(isRequired: Bool) -> CapabilityWish {
            CapabilityWish(
                ProxyWasmABI.id, isRequired: isRequired,
                parameters: ["foreignFunctions": .list([.text("one"), .text("three")])])
        }
        let error = #expect(throws: PluginError.self) { try grant.attenuated(to: wish(isRequired: true)) }
        #expect(
            error?.message
                == "it asks for three, and the policy gives all functions; upstreams auth; foreign functions one, two")
        let given = try grant.attenuated(to: wish(isRequired: false))
        #expect(given.foreignFunctions == ["one"])
        #expect(given.upstreams == ["auth"])
    }

    @Test("What takes long is told later, as an event of its own")
    func later() async throws {
        var functions = ForeignFunctions()
        functions["begin"] = { (call) throws(ForeignFunctionError) in
            guard let recipient = call.recipient else { throw .internalFailure }
            let arguments = call.arguments
            Task { recipient.call(7, arguments + Array(", later".utf8)) }
            return []
        }
        let source = Guest.wat(
            """
            (func $read
              (call $note (i32.const 98) (call $get_buffer_bytes (i32.const 8) (i32.const 0) (i32.const 100) @result)))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              \(call("begin", "asked")) (call $read) (call $say @"request") (i32.const 0))
            (func (export "proxy_on_foreign_function") (param $root i32) (param $function i32) (param $size i32)
              (call $note (i32.const 105) (local.get $function))
              (call $note (i32.const 115) (local.get $size))
              (call $read) (call $show))
            """)
        try await withFilters(foreignFunctions: functions) { filters in
            let filter = try await filters.load(source)
            await run(filters, filter).finish()
            await filters.log.wait(for: "asked, later")
            #expect(filters.log.messages == ["f=0", "b=1", "request", "i=7", "s=12", "b=0", "asked, later"])
        }
    }

    // MARK: Functions of Envoy

    @Test(
        "clear_route_cache, and its older form, have the route chosen anew where that was granted",
        arguments: [true, false])
    func clearRouteCache(isOld: Bool) async throws {
        let older = Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32) (result i32)
              (call $note (i32.const 102) (call $clear_route_cache)) (i32.const 0))
            """, marker: "proxy_abi_version_0_1_0")
        let source = isOld ? older : onRequest(call("clear_route_cache"))
        try await withFilters { filters in
            let granted = try await filters.load(source) { $0.foreignFunctions = ["clear_route_cache"] }
            let other = try await filters.load(source) { $0.foreignFunctions = ["compress"] }
            let none = try await filters.load(source) { $0.grants = .all.subtracting(.foreignFunctions) }
            let passing = try await filters.load(Guest.passing)
            for (filter, isCleared) in [(granted, true), (other, false), (none, false), (passing, false)] {
                let stream = await run(filters, filter)
                #expect(stream.choosesRouteAnew == isCleared)
                await stream.finish()
            }
            #expect(filters.log.messages == ["f=0", isOld ? "f=10" : "f=1", "f=10"])
        }
    }

    @Test("A change of headers has the route chosen anew where that is asked for and granted")
    func changedHeaders() async throws {
        let changing = onRequest(#"(drop (call $replace_header_map_value (i32.const 0) @":path" @"/b"))"#)
        let refused = onRequest(#"(drop (call $replace_header_map_value (i32.const 0) @":path" @""))"#)
        let reading = onRequest(#"(drop (call $get_header_map_value (i32.const 0) @":path" @result))"#)
        try await withFilters { filters in
            func isChosenAnew(
                _ source: PluginSource, _ change: (inout FilterConfiguration) -> Void = { _ in }
            ) async throws -> Bool {
                let filter = try await filters.load(source) {
                    $0.headersChooseRoute = true
                    change(&$0)
                }
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                await stream.finish()
                return stream.choosesRouteAnew
            }
            var answers = [try await isChosenAnew(changing)]
            answers.append(try await isChosenAnew(refused))
            answers.append(try await isChosenAnew(reading))
            answers.append(try await isChosenAnew(changing) { $0.headersChooseRoute = false })
            answers.append(try await isChosenAnew(changing) { $0.foreignFunctions = ["compress"] })
            answers.append(try await isChosenAnew(changing) { $0.grants = .all.subtracting(.foreignFunctions) })
            #expect(answers == [true, false, false, false, false, false])
        }
    }

    @Test("proxy_clear_route_cache of 0.1.0 is the function that the service has under that name")
    func oldFunction() async throws {
        let older = Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32) (result i32)
              (call $note (i32.const 102) (call $clear_route_cache)) (i32.const 0))
            """, marker: "proxy_abi_version_0_1_0")
        var own = ForeignFunctions()
        own["clear_route_cache"] = { (_) throws(ForeignFunctionError) in throw .unimplemented }
        for (functions, answer) in [(ForeignFunctions(), "f=10"), (own, "f=12")] {
            try await withFilters(foreignFunctions: functions) { filters in
                let stream = await run(filters, try await filters.load(older))
                #expect(!stream.choosesRouteAnew)
                await stream.finish()
                #expect(filters.log.messages == [answer])
            }
        }
    }

    @Test("A declared property keeps its first value where it is read-only")
    func declareProperty() async throws {
        let name = message(1, "once") + [0x10, 0x01]
        let other = message(1, "often") + [0x18, 0x01, 0x28, 0x02]
        func set(_ name: String) -> String { #"(call $note (i32.const 115) (call $set_property @"\#(name)" @"x"))"# }
        let body = """
            \(call("declare_property", escaped(name))) \(call("declare_property", escaped(name)))
            \(call("declare_property", escaped(other))) \(call("declare_property", "\\0a\\05x"))
            \(set("once")) \(set("once")) \(set("often")) \(set("often")) \(set("free")) \(set("free"))
            (call $note (i32.const 103) (call $get_property @"filter_state\\00wasm.once" @result)) (call $show)
            """
        try await withFilters { filters in
            let filter = try await filters.load(onRequest(body))
            await run(filters, filter).finish()
            #expect(
                filters.log.messages == [
                    "f=0", "f=2", "f=0", "f=2", "s=0", "s=2", "s=0", "s=0", "s=0", "s=0", "g=0", "x",
                ])
        }
    }

    @Test("set_envoy_filter_state sets what Envoy knows, for filters and the service to read")
    func filterState() async throws {
        let key = "envoy.network.upstream_server_name"
        let known = escaped(message(1, key) + message(2, "api.test") + [0x18, 0x01])
        let body = """
            \(call("set_envoy_filter_state", known))
            \(call("set_envoy_filter_state", escaped(message(1, "nosuch") + message(2, "x"))))
            \(call("set_envoy_filter_state", escaped(message(1, key) + [0x12, 0x05, 0x61])))
            (call $note (i32.const 103) (call $get_property @"filter_state\\00\(key)" @result)) (call $show)
            """
        let source = Guest.wat(
            """
            (func (export "proxy_on_configure") (param i32 i32) (result i32)
              \(call("set_envoy_filter_state", known)) (i32.const 1))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) \(body) (i32.const 0))
            """)
        try await withFilters { filters in
            let filter = try await filters.load(source)
            let stream = await run(filters, filter)
            #expect(await stream.filterState(key) == Array("api.test".utf8))
            #expect(await stream.filterState("nosuch") == nil)
            await stream.finish()
            #expect(filters.log.messages == ["f=1", "f=0", "f=1", "f=2", "g=0", "api.test"])
        }
    }
}

/// A field with bytes in a message of Protocol Buffers.
func message(_ field: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    var count: [UInt8] = []
    var rest = bytes.count
    while rest > 0x7F {
        count.append(UInt8(rest & 0x7F) | 0x80)
        rest >>= 7
    }
    return [field << 3 | 2] + count + [UInt8(rest)] + bytes
}

func message(_ field: UInt8, _ text: String) -> [UInt8] { message(field, Array(text.utf8)) }

/// Bytes as a text of the text format.
func escaped(_ bytes: [UInt8]) -> String {
    bytes.map { "\\" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}
