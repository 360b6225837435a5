import Airlock
import AirlockProxyWasm
import Testing

@Suite("Properties of the server and of a stream's place")
struct PlacePropertyTests {
    /// A filter that reads each property in the callback, by its path with NUL as `\00`, and says its status, length and text.
    private func reading(_ paths: [String], in callback: String = "request_headers") -> PluginSource {
        let reads = paths.map {
            """
            (i32.store (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const 0))
            (call $note (i32.const 103) (call $get_property @"\($0)" @result)) (call $show)
            """
        }.joined(separator: "\n")
        return Guest.wat(
            callback == "configure"
                ? #"(func (export "proxy_on_configure") (param i32 i32) (result i32) \#(reads) (i32.const 1))"#
                : #"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) \#(reads) (i32.const 0))"#
        )
    }

    private let node = ProxyNode(
        id: "node1", cluster: "edge", metadata: ["ROLE": "gateway", "LABELS": ["app": "shop", "tier": "web"]])

    private let attributes = StreamAttributes(
        routeName: "shop", upstreamName: "carts",
        place: StreamAttributes.Place(
            listenerDirection: .outbound,
            listenerMetadata: ["ns": ["port": "public"]],
            filterChainName: "tls",
            virtualHostName: "example.test",
            virtualHostMetadata: ["ns": ["owner": "web"]],
            routeMetadata: [
                "envoy.filters.http.wasm": [
                    "auth": "cookie", "nested": ["deep": ["er": "end"]], "list": ["first", "second"],
                ]
            ],
            clusterMetadata: ["ns": ["zone": "a"]],
            dynamicMetadata: ["envoy.filters.http.lua": ["upper": "HELLO"]]))

    @Test(
        "Each is there under the name of today and, but for what came later, under the old one",
        arguments: [
            (#"node\00id"#, "node1"), (#"node\00cluster"#, "edge"), (#"node\00metadata\00ROLE"#, "gateway"),
            (#"node\00metadata\00LABELS\00app"#, "shop"),
            ("route_name", "shop"), ("cluster_name", "carts"), ("virtual_host_name", "example.test"),
            ("filter_chain_name", "tls"),
            (#"route_metadata\00filter_metadata\00envoy.filters.http.wasm\00auth"#, "cookie"),
            (#"route_metadata\00filter_metadata\00envoy.filters.http.wasm\00nested\00deep\00er"#, "end"),
            (#"route_metadata\00filter_metadata\00envoy.filters.http.wasm\00list\001"#, "second"),
            (#"virtual_host_metadata\00filter_metadata\00ns\00owner"#, "web"),
            (#"cluster_metadata\00filter_metadata\00ns\00zone"#, "a"),
            (#"listener_metadata\00filter_metadata\00ns\00port"#, "public"),
        ]
    )
    func names(path: String, expected: String) async throws {
        try await withFilters(node: node) { filters in
            let filter = try await filters.load(
                reading([path, #"xds\00"# + path]))
            let stream = await filters.stream(filter, attributes: attributes)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(filters.log.messages == ["g=0", expected, "g=0", expected])
            await stream.finish()
        }
    }

    @Test("Dynamic metadata is under its own name, and what is not configured is not found")
    func dynamicAndAbsent() async throws {
        try await withFilters { filters in
            let known = [#"metadata\00filter_metadata\00envoy.filters.http.lua\00upper"#]
            let absent = [
                #"node\00id"#, #"metadata\00filter_metadata\00other\00upper"#, #"metadata\00filter_metadata"#,
                "metadata",
                #"xds\00route_metadata"#,
                #"xds\00route_metadata\00filter_metadata\00envoy.filters.http.wasm\00auth\00more"#,
                #"xds\00cluster_metadata\00filter_metadata\00ns\00none"#, "xds",
                #"route_metadata\00filter_metadata\00envoy.filters.http.wasm\00list\002"#,
                #"route_metadata\00filter_metadata\00envoy.filters.http.wasm\00list\00-1"#,
            ]
            let filter = try await filters.load(
                reading(known + absent))
            let stream = await filters.stream(filter, attributes: attributes)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(filters.log.messages == ["g=0", "HELLO"] + absent.flatMap { _ in ["g=1", ""] })
            await stream.finish()
        }
    }

    @Test("A filter reads the server's node while it is configured")
    func whileConfigured() async throws {
        try await withFilters(node: node) { filters in
            _ = try await filters.load(
                reading(
                    [#"node\00id"#, #"xds\00node\00metadata\00ROLE"#, "route_name"],
                    in: "configure"))
            #expect(filters.log.messages == ["g=0", "node1", "g=0", "gateway", "g=1", ""])
        }
    }

    @Test("Numbers are doubles, truth is a byte, a direction is an integer, and maps and lists are serialized maps")
    func kinds() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    #"""
                    (func $read (param i32 i32)
                      (call $note (i32.const 103) (call $get_property (local.get 0) (local.get 1) @result))
                      (call $note (i32.const 108) (i32.load (i32.const 20))))
                    (func $word (param i32) (call $note (i32.const 119) (i32.load (i32.add (local.get 0) (i32.load (i32.const 16))))))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (call $read @"metadata\00filter_metadata\00ns\00half")
                      (call $note (i32.const 100) (f64.eq (f64.load (i32.load (i32.const 16))) (f64.const 0.5)))
                      (call $read @"metadata\00filter_metadata\00ns\00yes")
                      (call $note (i32.const 98) (i32.load8_u (i32.load (i32.const 16))))
                      (call $read @"listener_direction") (call $word (i32.const 0))
                      ;; Two pairs, "a" to "b" and "c" to "", each text with a NUL behind it.
                      (call $read @"metadata\00filter_metadata\00ns\00map")
                      (call $word (i32.const 0)) (call $word (i32.const 4)) (call $word (i32.const 8))
                      (call $note (i32.const 97) (i32.load8_u (i32.add (i32.const 20) (i32.load (i32.const 16)))))
                      (call $note (i32.const 98) (i32.load8_u (i32.add (i32.const 22) (i32.load (i32.const 16)))))
                      (call $read @"metadata\00filter_metadata\00ns\00list")
                      (call $word (i32.const 0)) (call $word (i32.const 4)) (call $word (i32.const 8))
                      (i32.const 0))
                    """#))
            let stream = await filters.stream(
                filter,
                attributes: StreamAttributes(
                    place: StreamAttributes.Place(
                        listenerDirection: .inbound,
                        dynamicMetadata: [
                            "ns": ["half": 0.5, "yes": true, "map": ["c": "", "a": "b"], "list": ["xyz"]]
                        ])))
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(
                filters.log.messages == [
                    "g=0", "l=8", "d=1", "g=0", "l=1", "b=1", "g=0", "l=8", "w=1",
                    "g=0", "l=27", "w=2", "w=1", "w=1", "a=97", "b=98",
                    "g=0", "l=17", "w=1", "w=3", "w=0",
                ])
            await stream.finish()
        }
    }
}
