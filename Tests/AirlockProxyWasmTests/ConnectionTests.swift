import Airlock
import AirlockProxyWasm
import Testing

@Suite("Connections")
struct ConnectionTests {
    private func witness(_ name: String, _ filters: Filters) async throws -> ProxyWasmFilter {
        try await filters.load(Guest.connectionWitness, name: name) {
            $0.configuration = Array(name.utf8)
            $0.vmID = name
        }
    }

    @Test("The client's bytes pass filters in order, the upstream's in reverse, and the callbacks come as in Envoy")
    func order() async throws {
        try await withFilters { filters in
            let connection = try await filters.connection(witness("1", filters), witness("2", filters))
            try await connection.downstream.send("ping")
            #expect(try await connection.downstream.next() == "21ping")
            try await connection.upstream.send("pong")
            #expect(try await connection.upstream.next() == "12pong")
            try await connection.downstream.finish()
            #expect(try await connection.downstream.rest() == "21")
            try await connection.upstream.finish()
            #expect(try await connection.upstream.rest() == "12")
            await connection.finish(closedBy: .remote)
            let messages = filters.log.messages
            let told = stride(from: 0, to: messages.count - 1, by: 2).map { messages[$0] + messages[$0 + 1] }
            #expect(
                told == [
                    "1n=0", "2n=0", "1d=40", "2d=50", "2u=40", "1u=50", "1d=1", "2d=11", "2u=1", "2e=0", "1u=11",
                    "1e=0", "1c=2", "1O=0", "1L=0", "1D=0", "2c=2", "2O=0", "2L=0", "2D=0",
                ])
        }
    }

    @Test(
        "Bytes are read and changed in front, behind, in part and as a whole",
        arguments: [(0, 0, "_abcdef"), (6, 0, "abcdef_"), (100, 7, "abcdef_"), (0, -1, "_"), (2, 2, "ab_ef")])
    func change(start: Int, length: Int, expected: String) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    ["downstream", "upstream"].enumerated().map { index, side in
                        """
                        (func (export "proxy_on_\(side)_data") (param i32 i32 i32) (result i32)
                          (drop (call $get_buffer_bytes (i32.const \(index + 2)) (i32.const 0) (i32.const 100) @result)) (call $show)
                          (call $note (i32.const 119) (call $set_buffer_bytes (i32.const \(index + 2)) (i32.const \(start))
                            (i32.const \(length)) @"_"))
                          (i32.const 0))
                        """
                    }.joined(separator: "\n")))
            let connection = try await filters.connection(filter)
            for side in [connection.downstream, connection.upstream] {
                try await side.send("abcdef")
                #expect(try await side.next() == expected)
            }
            #expect(filters.log.messages == ["abcdef", "w=0", "abcdef", "w=0"])
            await connection.finish()
        }
    }

    @Test("One side's end lets the other one go on")
    func halfClosed() async throws {
        try await withFilters { filters in
            let connection = try await filters.connection()
            try await connection.downstream.send("question")
            try await connection.downstream.finish()
            #expect(try await connection.downstream.rest() == "question")
            try await connection.upstream.send("answer")
            #expect(try await connection.upstream.next() == "answer")
            await connection.finish()
        }
    }

    @Test("A filter reads where a connection comes from and goes to, and nothing of requests")
    func properties() async throws {
        let paths = [
            "source\\00address", "source\\00port", "destination\\00address", "destination\\00port", "connection\\00id",
            "connection_id", "upstream\\00address", "upstream\\00port", "xds\\00cluster_name", "cluster_name",
            "xds\\00listener_metadata\\00filter_metadata\\00ns\\00side", "request\\00path", "request\\00protocol",
            "response\\00code",
        ]
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    #"(func (export "proxy_on_upstream_data") (param i32 i32 i32) (result i32)"#
                        + paths.map {
                            #"(if (call $get_property @"\#($0)" @result) (then (call $say @"none")) (else (call $show)))"#
                        }
                        .joined(separator: "\n") + "(i32.const 0))"))
            let connection = try await filters.connection(
                filter,
                attributes: StreamAttributes(
                    source: .init(address: "192.0.2.7", port: 1024), destination: .init(address: "::1", port: 9000),
                    connectionID: 65, upstreamName: "database",
                    place: .init(listenerMetadata: ["ns": ["side": "front"]])))
            await connection.setUpstream(UpstreamAttributes(remote: .init(address: "192.0.2.9", port: 5432)))
            try await connection.upstream.send("x")
            func integer(_ low: UInt8, _ high: UInt8 = 0) -> String {
                String(decoding: [low, high, 0, 0, 0, 0, 0, 0], as: UTF8.self)
            }
            #expect(
                filters.log.messages.prefix(1) == ["192.0.2.7:1024"]
                    && filters.log.messages.dropFirst(2).prefix(1) == ["[::1]:9000"])
            #expect(filters.log.messages.dropFirst(6).prefix(1) == ["192.0.2.9:5432"])
            #expect(filters.log.messages.dropFirst(8).prefix(3) == ["database", "database", "front"])
            #expect(filters.log.messages.suffix(3) == ["none", "none", "none"])
            #expect(filters.log.messages.count == paths.count && !filters.log.messages.prefix(11).contains("none"))
            await connection.finish()
        }
    }

    @Test("A filter for requests sees nothing of connections, and one for connections nothing of requests")
    func otherKind() async throws {
        try await withFilters { filters in
            let body = """
                (func (export "proxy_on_context_create") (param i32 i32) (if (local.get 1) (then (call $say @"stream"))))
                """
            let forRequests = try await filters.load(
                Guest.wat(
                    body + #"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (unreachable))"#
                ),
                name: "requests")
            let forConnections = try await filters.load(
                Guest.wat(
                    body + #"(func (export "proxy_on_new_connection") (param i32) (result i32) (unreachable))"#),
                name: "connections")
            let connection = try await filters.connection(forRequests)
            try await connection.downstream.send("as it came")
            #expect(try await connection.downstream.next() == "as it came")
            await connection.finish()
            let stream = await filters.stream(forConnections)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            await stream.finish()
            #expect(filters.log.messages == [])
        }
    }

    @Test("What is about the other kind of stream does nothing, as in Envoy")
    func otherKindOfCall() async throws {
        try await withFilters { filters in
            let calls = { (buffer: Int, stream: Int) in
                """
                (call $note (i32.const 103) (call $get_buffer_bytes (i32.const \(buffer)) (i32.const 0) (i32.const 9) @result))
                (call $note (i32.const 110) (i32.load (i32.const 20)))
                (call $note (i32.const 119) (call $set_buffer_bytes (i32.const \(buffer)) (i32.const 0) (i32.const 0) @"x"))
                (call $note (i32.const 99) (call $continue_stream (i32.const \(stream))))
                (call $note (i32.const 120) (call $close_stream (i32.const \(stream))))
                """
            }
            let filter = try await filters.load(
                Guest.onDownstreamData(
                    calls(0, 0) + """
                        (call $note (i32.const 104) (call $get_header_map_value (i32.const 0) @"a" @result))
                        (call $note (i32.const 114) (call $send_local_response (i32.const 403) @"" @"no" @"" (i32.const -1)))
                        (i32.const 0)
                        """,
                    more: """
                        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) \(calls(3, 3)) (i32.const 0))
                        """))
            let connection = try await filters.connection(filter)
            try await connection.downstream.send("hello")
            #expect(try await connection.downstream.next() == "hello")
            await connection.finish()
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            await stream.finish()
            #expect(
                filters.log.messages == [
                    "g=0", "n=0", "w=2", "c=0", "x=0", "h=2", "r=0", "g=0", "n=0", "w=2", "c=0", "x=0",
                ])
        }
    }

    @Test(
        "A callback of another type is refused when the filter is loaded",
        arguments: ["new_connection", "downstream_data", "upstream_connection_close"])
    func signature(callback: String) async throws {
        try await withFilters { filters in
            let error = await filters.refusal(Guest.wat(#"(func (export "proxy_on_\#(callback)") (param i64))"#))
            #expect(error?.code == .signatureMismatch)
        }
    }
}
