import Airlock
import AirlockProxyWasm
import AirlockTesting
import Testing

@Suite("Properties by pattern")
struct PropertyGrantTests {
    private static func patterns(_ texts: String...) throws -> Set<PropertyPattern> {
        Set(try texts.map { try #require(PropertyPattern($0)) })
    }

    @Test(
        "A pattern is a path, all below a path, or everything",
        arguments: [
            ("request.path", ["request.path"], ["request", "request.path.a", "request.pat"]),
            ("request.*", ["request.path", "request.headers.a"], ["request", "requests.a", "*"]),
            ("request.headers.*", ["request.headers.a"], ["request.headers", "request.path"]),
            ("*", ["request.path", "a", ""], []),
        ])
    func matches(text: String, within: [String], without: [String]) throws {
        let pattern = try #require(PropertyPattern(text))
        #expect(within.filter { !pattern.matches($0) } == [])
        #expect(without.filter { pattern.matches($0) } == [])
    }

    @Test("What is no pattern is refused", arguments: ["", ".*", "a*", "a.*.b", "*.a", "**"])
    func refused(text: String) {
        #expect(PropertyPattern(text) == nil)
    }

    /// Reads a property, sets `mine.a` and `other`, and reads those.
    private static let source = Guest.wat(
        #"""
        (func $get (param i32 i32)
          (call $note (i32.const 103) (call $get_property (local.get 0) (local.get 1) @result)))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (call $get @"request\00path") (call $get @"request\00method") (call $get @"plugin_name")
          (call $note (i32.const 115) (call $set_property @"mine\00a" @"1"))
          (call $note (i32.const 115) (call $set_property @"other" @"1"))
          (call $get @"mine\00a") (call $get @"other") (call $get @"other")
          (i32.const 0))
        """#)

    @Test("Properties that were not granted are not there, and the log says so once for each")
    func granted() async throws {
        try await withFilters { filters in
            let properties = try Self.patterns("request.path", "mine.*")
            for granted in [nil, properties, []] {
                let filter = try await filters.load(Self.source) { $0.properties = granted }
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                await stream.finish()
            }
            let all = ["g=0", "g=0", "g=0", "s=0", "s=0", "g=0", "g=0", "g=0"]
            let some = ["g=0", "g=1", "g=1", "s=0", "s=1", "g=0", "g=1", "g=1"]
            let none = ["g=1", "g=1", "g=1", "s=1", "s=1", "g=1", "g=1", "g=1"]
            #expect(filters.log.messages == all + some + none)
            let refused = filters.log.lines
                .filter { $0.message == "filter asked for a property that it was not granted" }
                .compactMap { $0.metadata["property"] }
            let missing = ["request.method", "plugin_name", "other"]
            #expect(refused == missing + ["request.path", "request.method", "plugin_name", "mine.a", "other"])
        }
    }

    @Test("What is no path of a property is not set either where some were granted")
    func noPath() async throws {
        let source = Guest.wat(
            #"""
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (call $note (i32.const 115) (call $set_property @"" @"1"))
              (call $note (i32.const 115) (call $set_property @"a\00b\00c\00d\00e\00f\00g\00h\00i\00j\00k\00l\00m\00n\00o\00p\00q" @"1"))
              (i32.const 0))
            """#)
        try await withFilters { filters in
            for granted in [nil, try Self.patterns("a.*")] {
                let filter = try await filters.load(source) { $0.properties = granted }
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                await stream.finish()
            }
            #expect(filters.log.messages == ["s=0", "s=0", "s=1", "s=1"])
        }
    }

    @Test("Filters with other properties share no virtual machine")
    func sharing() async throws {
        let source = Guest.wat(
            #"""
            (global $requests (mut i32) (i32.const 0))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (global.set $requests (i32.add (global.get $requests) (i32.const 1)))
              (call $note (i32.const 110) (global.get $requests))
              (i32.const 0))
            """#)
        try await withFilters { filters in
            for properties in [nil, try Self.patterns("a"), try Self.patterns("a"), try Self.patterns("a", "b")] {
                let filter = try await filters.load(source) {
                    $0.vmID = "shared"
                    $0.properties = properties
                }
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                await stream.finish()
            }
            #expect(filters.log.messages == ["n=1", "n=1", "n=2", "n=1"])
        }
    }

    @Test("A policy gives properties by pattern")
    func policy() throws {
        let grant = ProxyWasmABI(grants: .all, properties: try Self.patterns("request.*", "source.address"))
        #expect(grant.summary == "all functions; properties request.*, source.address")
        func wish(_ texts: String..., isRequired: Bool) -> CapabilityWish {
            CapabilityWish(
                ProxyWasmABI.id, isRequired: isRequired, parameters: ["properties": .list(texts.map { .text($0) })])
        }
        let error = #expect(throws: PluginError.self) {
            try grant.attenuated(to: wish("request.path", "source.*", isRequired: true))
        }
        #expect(
            error?.message
                == "it asks for source.*, and the policy gives all functions; properties request.*, source.address")
        let required = try grant.attenuated(to: wish("request.path", "source.address", isRequired: true))
        #expect(required.properties == (try Self.patterns("request.path", "source.address")))
        let given = try grant.attenuated(to: wish("request.path", "source.*", isRequired: false))
        #expect(given.properties == (try Self.patterns("request.path", "source.address")))
        let wrong = #expect(throws: PluginError.self) { try grant.attenuated(to: wish("a*", isRequired: false)) }
        #expect(wrong?.message.contains("a path such as request.path, request.* or *") == true)
    }
}
