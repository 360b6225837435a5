import NIOCore
import NIOPosix

/// A comparison of filters of connections. The upstream is an ``EchoingUpstream``.
struct ConnectionExchange: Sendable {
    let comparison: Comparison
    /// What the client sends, and how many bytes it waits for before it goes on.
    var steps: [(text: String, answer: Int)] = [("hello", 5)]
    /// Whether the client ends its side first; otherwise it waits for the other end.
    var endsFirst = true
    /// Whether a connection to the upstream is made.
    var reachesUpstream = true

    static let all = [
        exchange("connection", [""], [("one", 3), ("three", 5)]),
        exchange("connection-two", ["", ""]),
        exchange("connection-upstream-first", ["", ""], [("quit", 0)], endsFirst: false),
        exchange(
            "connection-change",
            [
                """
                downstream_data body 2 0 100
                downstream_data body 3 0 100
                downstream_data setbody 2 0 0 <
                downstream_data body 2 0 100
                upstream_data body 2 0 100
                upstream_data setbody 3 100 0 >
                upstream_data body 3 0 100
                """, "downstream_data setbody 2 0 100 whole",
            ], [("hello", 6)]),
        exchange(
            "connection-properties",
            [
                [
                    ("new_connection", ["source/address", "destination/address", "xds/listener_direction"]),
                    ("new_connection", ["connection/mtls", "xds/filter_chain_name", "plugin_name", "request/size"]),
                    ("upstream_data", ["upstream/address", "xds/cluster_name", "request/size", "response/size"]),
                    ("log", ["request/path", "request/protocol", "request/total_size", "response/code", "nosuch"]),
                    ("log", ["response/size", "response/flags", "upstream/address", "source/address"]),
                ].flatMap { event, names in names.map { "\(event) property \($0)" } }.joined(separator: "\n")
            ]),
        exchange(
            "connection-close-at-first", ["new_connection close 2", ""], [], endsFirst: false, reachesUpstream: false),
        exchange(
            "connection-close", ["", "downstream_data close 2\ndownstream_close body 2 0 9"], [("hello", 0)],
            endsFirst: false),
        exchange("connection-close-upstream", ["", "upstream_data close 3"], [("hello", 0)], endsFirst: false),
        exchange("connection-hold-at-first", [held(by: "new_connection"), ""]),
        exchange("connection-hold", ["", held(by: "downstream_data")]),
        exchange("connection-trap", ["", "downstream_data trap"], [("hello", 0)], endsFirst: false),
        exchange("connection-trap-upstream", ["", "upstream_data trap"], [("hello", 0)], endsFirst: false),
        exchange(
            "connection-trap-open", ["", "downstream_data trap"], failsOpen: true,
            difference: .init(
                parts: [.body, .upstream, .callbacks],
                reason: "the connection in which the filter fails goes on, as its policy says; Envoy closes it")),
        exchange(
            "connection-not-http",
            [
                """
                downstream_data get 0 :path
                downstream_data body 0 0 9
                downstream_data setbody 0 0 0 x
                downstream_data reply 403 no
                downstream_data continue 0
                downstream_data close 0
                downstream_data close 9
                log get 0 :path
                """
            ]),
        exchange(
            "connection-continue-upstream", ["upstream_data continue 3"],
            difference: .init(parts: [.callbacks], reason: "the gateway lets go of what an upstream sent as well")),
    ]

    /// A filter that holds something back until its next tick.
    private static func held(by event: String) -> String {
        """
        \(event) remember
        \(event) tick 20
        \(event) return 1
        tick tick 0
        tick body 2 0 9
        tick continue 2
        """
    }

    private static func exchange(
        _ name: String, _ scripts: [String], _ steps: [(String, Int)] = [("hello", 5)], endsFirst: Bool = true,
        reachesUpstream: Bool = true, failsOpen: Bool = false, difference: Comparison.Difference? = nil
    ) -> Self {
        Self(
            comparison: Comparison(name: name, scripts: scripts, failsOpen: failsOpen, difference: difference),
            steps: steps, endsFirst: endsFirst, reachesUpstream: reachesUpstream)
    }

    /// Goes through the steps and says what came back, up to the end.
    func run(on port: Int) async throws -> Observation {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var observation = Observation()
            var parts = inbound.makeAsyncIterator()
            do {
                for (text, answer) in steps {
                    let expected = observation.body.utf8.count + answer
                    try await outbound.write(ByteBuffer(string: text))
                    while observation.body.utf8.count < expected, let part = try await parts.next() {
                        observation.body += String(buffer: part)
                    }
                }
                if endsFirst { outbound.finish() }
                while let part = try await parts.next() { observation.body += String(buffer: part) }
            } catch is IOError {
                observation.status = "reset"
            }
            return observation
        }
    }
}
