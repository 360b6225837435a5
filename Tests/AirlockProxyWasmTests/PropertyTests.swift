import Airlock
import AirlockProxyWasm
import Testing

@Suite("Properties")
struct PropertyTests {
    /// A filter that reads each property, by its path with NUL as `\00`, and says its status and value.
    private func reading(_ paths: [String], in callback: String = "request_headers") -> PluginSource {
        let reads = paths.map {
            """
            (i32.store (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const 0))
            (call $note (i32.const 103) (call $get_property @"\($0)" @result)) (call $show)
            """
        }.joined(separator: "\n")
        return Guest.wat(
            """
            (func (export "proxy_on_\(callback)") (param i32 i32 i32) (result i32)
              \(reads)
              (i32.const 0))
            """)
    }

    private let attributes = StreamAttributes(
        source: StreamAttributes.Endpoint(address: "10.0.0.7", port: 34110),
        destination: StreamAttributes.Endpoint(address: "::1", port: 8080),
        requestID: "id 7", connectionID: 9, routeName: "route", upstreamName: "echo",
        properties: ["xds.node.id": Array("node".utf8)])

    @Test(
        "Properties of request, connection, route and plugin",
        arguments: [
            (#"request\00path"#, "/a?b=c"), (#"request\00url_path"#, "/a"), (#"request\00query"#, "b=c"),
            (#"request\00host"#, "example.test"), (#"request\00scheme"#, "http"), (#"request\00method"#, "GET"),
            (#"request\00headers\00accept"#, "*/*"), (#"request\00id"#, "id 7"), (#"request\00protocol"#, "HTTP/1.1"),
            (#"source\00address"#, "10.0.0.7:34110"), (#"destination\00address"#, "[::1]:8080"),
            (#"xds\00route_name"#, "route"), ("route_name", "route"), (#"xds\00cluster_name"#, "echo"),
            (#"xds\00node\00id"#, "node"), ("plugin_name", "filter"), ("plugin_root_id", "root"),
            ("plugin_vm_id", "vm"),
            (#"plugin_name\00"#, "filter"),
        ]
    )
    func text(path: String, expected: String) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(reading([path])) {
                $0.rootID = "root"
                $0.vmID = "vm"
            }
            let stream = await filters.stream(filter, attributes: attributes)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(filters.log.messages == ["g=0", expected])
            await stream.finish()
        }
    }

    @Test("Numbers are eight bytes in little endian, and truth is one")
    func numbers() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    #"""
                    (func $number (param i32 i32)
                      (drop (call $get_property (local.get 0) (local.get 1) @result))
                      (call $note (i32.const 108) (i32.load (i32.const 20)))
                      (call $note (i32.const 118) (i32.wrap_i64 (i64.load (i32.load (i32.const 16))))))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (call $number @"source\00port") (call $number @"connection_id") (call $number @"request\00size")
                      (drop (call $get_property @"connection\00mtls" @result))
                      (call $note (i32.const 108) (i32.load (i32.const 20)))
                      (i32.const 0))
                    (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
                      (call $number @"response\00code") (call $number @"upstream\00port")
                      (i32.const 0))
                    """#))
            let stream = await filters.stream(filter, attributes: attributes)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            await stream.setUpstream(
                UpstreamAttributes(remote: StreamAttributes.Endpoint(address: "10.1.1.1", port: 90)))
            _ = await stream.responseHeaders(okResponse, endOfStream: true)
            #expect(
                filters.log.messages == [
                    "l=8", "v=34110", "l=8", "v=9", "l=8", "v=0", "l=1", "l=8", "v=200", "l=8", "v=90",
                ])
            await stream.finish()
        }
    }

    @Test(
        "At its end each stream has a gRPC status, said by its response or that of its HTTP status",
        arguments: [
            (["200"], 2), (["403"], 7), (["503"], 14), (["200", "5"], 5),
        ])
    func grpcStatus(said: [String], expected: Int) async throws {
        var response: HeaderMap = [":status": said[0]]
        if said.count > 1 { response["grpc-status"] = said[1] }
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    #"""
                    (func (export "proxy_on_log") (param i32)
                      (call $note (i32.const 103) (call $get_property @"response\00grpc_status" @result))
                      (call $note (i32.const 118) (i32.wrap_i64 (i64.load (i32.load (i32.const 16))))))
                    """#))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            _ = await stream.responseHeaders(response, endOfStream: true)
            await stream.finish()
            #expect(filters.log.messages == ["g=0", "v=\(expected)"])
        }
    }

    @Test("The size of a request is what it announces, and otherwise what came in")
    func size() async throws {
        let source = Guest.wat(
            #"""
            (func $size (drop (call $get_property @"request\00size" @result))
              (call $note (i32.const 118) (i32.wrap_i64 (i64.load (i32.load (i32.const 16))))))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $size) (i32.const 0))
            (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (call $size) (i32.const 0))
            """#)
        try await withFilters { filters in
            let filter = try await filters.load(source)
            var announced = getRequest
            announced["content-length"] = "10"
            for headers in [announced, getRequest] {
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(headers, endOfStream: false)
                _ = await stream.requestBody("abc")
                await stream.finish()
            }
            #expect(filters.log.messages == ["v=10", "v=10", "v=0", "v=3"])
        }
    }

    @Test("What is not known is not found, and a path that is none as well")
    func absent() async throws {
        try await withFilters { filters in
            let paths = [
                "nosuch", #"request\00nosuch"#, #"response\00code"#, #"response\00headers\00content-type"#,
                #"upstream\00address"#, #"request\00headers\00absent"#, "", #"\00"#, #"\ff\fe"#,
                #"source\00address\00more"#,
            ]
            let filter = try await filters.load(reading(paths))
            let stream = await filters.stream(filter, attributes: attributes)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(filters.log.messages == paths.flatMap { _ in ["g=1", ""] })
            await stream.finish()
        }
    }

    @Test("Request and response properties can both be read while the response passes")
    func response() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                reading(
                    [#"request\00path"#, #"response\00headers\00content-type"#, #"response\00code_details"#],
                    in: "response_headers"))
            let stream = await filters.stream(filter, attributes: attributes)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            _ = await stream.responseHeaders(okResponse, endOfStream: true)
            #expect(filters.log.messages == ["g=0", "/a?b=c", "g=0", "text/plain", "g=0", "via_upstream"])
            await stream.finish()
        }
    }

    @Test("A repeated field has all its values, and headers and trailers come as a whole as well")
    func wholeMaps() async throws {
        let paths = [
            #"request\00headers\00x-twice"#, #"request\00headers"#, #"response\00headers"#, #"response\00trailers"#,
            #"response\00trailers\00X-End"#,
        ]
        let reads = paths.map { #"(call $note (i32.const 103) (call $get_property @"\#($0)" @result)) (call $map)"# }
            .joined(separator: "\n")
        let source = Guest.wat(
            #"""
            ;; Of a map the number of fields and the first name; of a text the text.
            (func $map
              (if (i32.lt_u (i32.load (i32.load (i32.const 16))) (i32.const 256))
                (then
                  (call $note (i32.const 110) (i32.load (i32.load (i32.const 16))))
                  (call $say
                    (i32.add (i32.add (i32.load (i32.const 16)) (i32.const 4))
                      (i32.mul (i32.const 8) (i32.load (i32.load (i32.const 16)))))
                    (i32.load (i32.add (i32.load (i32.const 16)) (i32.const 4)))))
                (else (call $show))))
            (func (export "proxy_on_log") (param i32) \#(reads))
            """#)
        try await withFilters { filters in
            let stream = await filters.stream(try await filters.load(source))
            var headers = getRequest
            headers.append(name: "x-twice", value: "1st!")
            headers.append(name: "x-twice", value: "2")
            _ = await stream.requestHeaders(headers, endOfStream: true)
            _ = await stream.responseHeaders(okResponse, endOfStream: false)
            _ = await stream.responseTrailers(["x-end": "done"])
            await stream.finish()
            #expect(
                filters.log.messages == [
                    "g=0", "1st!,2", "g=0", "n=7", ":authority", "g=0", "n=2", ":status", "g=0", "n=1", "x-end", "g=0",
                    "done",
                ])
        }
    }

    @Test("What one filter sets, the stream's other filters read")
    func set() async throws {
        try await withFilters { filters in
            let setter = try await filters.load(
                Guest.wat(
                    #"""
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (call $note (i32.const 115) (call $set_property @"my\00user" @"anna"))
                      (i32.const 0))
                    """#), name: "setter")
            let reader = try await filters.load(reading([#"my\00user"#]), name: "reader")
            let first = await filters.stream(setter, reader)
            _ = await first.requestHeaders(getRequest, endOfStream: true)
            let second = await filters.stream(reader)
            _ = await second.requestHeaders(getRequest, endOfStream: true)
            #expect(filters.log.messages == ["s=0", "g=0", "anna", "g=1", ""])
            await first.finish()
            await second.finish()
        }
    }

    @Test("A property that a filter sets does not stand in for the host's of that name, not even where that is absent")
    func forgery() async throws {
        try await withFilters { filters in
            let forger = try await filters.load(
                Guest.wat(
                    #"""
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (drop (call $set_property @"request\00method" @"TRACE"))
                      (drop (call $set_property @"request\00headers\00nosuch" @"x"))
                      (drop (call $set_property @"connection\00tls_version" @"TLSv1.3"))
                      (drop (call $set_property @"route_name" @"x"))
                      (i32.const 0))
                    """#), name: "forger")
            let reader = try await filters.load(
                reading([
                    #"request\00method"#, #"request\00headers\00nosuch"#, #"connection\00tls_version"#, "route_name",
                ]), name: "reader")
            let stream = await filters.stream(forger, reader)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(filters.log.messages == ["g=0", "GET", "g=1", "", "g=1", "", "g=1", ""])
            await stream.finish()
        }
    }

    @Test("Properties that are set are bounded")
    func bounds() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (call $note (i32.const 115) (call $set_property @"a" (i32.const 0) (i32.const 60000)))
                      (call $note (i32.const 115) (call $set_property @"b" (i32.const 0) (i32.const 60000)))
                      (call $note (i32.const 115) (call $set_property @"a" (i32.const 0) (i32.const 1)))
                      (call $note (i32.const 115) (call $set_property @"b" (i32.const 0) (i32.const 60000)))
                      (call $note (i32.const 115) (call $set_property @"c" (i32.const 0) (i32.const 100000)))
                      (call $note (i32.const 115) (call $set_property (i32.const 0) (i32.const 5000) @"v"))
                      (i32.const 0))
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(filters.log.messages == ["s=0", "s=2", "s=0", "s=0", "s=2", "s=2"])
            await stream.finish()
        }
    }
}
