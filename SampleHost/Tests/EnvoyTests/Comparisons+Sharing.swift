/// What filters share: metrics, queues, data and virtual machines; and functions beside streams.
extension Comparison {
    static let shared = metrics + queues + machines + lateReplies + functions

    private static let metrics = [
        Comparison(
            name: "counter",
            scripts: [
                """
                request_headers define 0 compared.counter
                request_headers increment compared.counter 2
                request_headers increment compared.counter 3
                request_headers metric compared.counter
                request_headers decrement compared.counter 1
                request_headers metric compared.counter
                request_headers record compared.counter 7
                request_headers metric compared.counter
                """
            ]),
        Comparison(
            name: "gauge",
            scripts: [
                """
                request_headers define 1 compared.gauge
                request_headers increment compared.gauge 5
                request_headers decrement compared.gauge 2
                request_headers metric compared.gauge
                request_headers record compared.gauge 40
                request_headers metric compared.gauge
                """
            ]),
        Comparison(
            name: "histogram",
            scripts: [
                """
                request_headers define 2 compared.histogram
                request_headers record compared.histogram 10
                request_headers increment compared.histogram 1
                request_headers metric compared.histogram
                """
            ]),
        Comparison(name: "metric-of-other-kind", scripts: ["request_headers define 3 compared.other"]),
        Comparison(
            name: "metric-unknown",
            scripts: [
                """
                request_headers increment nosuch 1
                request_headers record nosuch 1
                request_headers metric nosuch
                """
            ]),
        Comparison(
            name: "metric-twice",
            scripts: [
                """
                request_headers define 1 compared.twice
                request_headers record compared.twice 3
                request_headers define 1 compared.twice
                request_headers metric compared.twice
                """
            ]),
    ]

    /// Goes on when there is something in the queue `jobs`, which the first event registers.
    private static let waiting = """
        request_headers register jobs
        request_headers remember
        request_headers return 1
        queue dequeue jobs
        queue dequeue jobs
        queue continue 0
        """

    private static let queues = [
        Comparison(
            name: "queue",
            scripts: [waiting.replacing("return 1", with: "enqueue jobs one job\nrequest_headers return 1")]),
        Comparison(name: "queue-empty", scripts: ["request_headers register jobs\nrequest_headers dequeue jobs"]),
        Comparison(
            name: "queue-unknown",
            scripts: [
                """
                request_headers resolve nosuch jobs
                request_headers enqueue jobs x
                request_headers dequeue jobs
                """
            ]),
        Comparison(
            name: "queue-in-order",
            scripts: [
                """
                request_headers register jobs
                request_headers enqueue jobs a
                request_headers enqueue jobs b
                request_headers dequeue jobs
                request_headers dequeue jobs
                request_headers dequeue jobs
                """
            ]),
        Comparison(
            name: "queue-resolved",
            scripts: [
                "request_headers register jobs",
                """
                request_headers resolve queue-resolved.0 jobs
                request_headers enqueue jobs x
                request_headers dequeue jobs
                """,
            ]),
    ]

    private static let machines = [
        Comparison(
            name: "one-machine", scripts: ["request_headers add 0 x-a 1", "request_headers get 0 x-a"],
            request: Request(method: "POST", path: "/echo", body: "abc"), sharesVM: true),
        Comparison(
            name: "one-machine-data",
            scripts: [
                "request_headers share a 1\nresponse_headers shared b",
                "request_headers shared a\nresponse_headers share b 2",
            ],
            sharesVM: true),
        Comparison(
            name: "one-machine-traps", scripts: ["", "request_headers trap", ""], sharesVM: true,
            difference: Difference(
                parts: [.callbacks],
                reason:
                    "The filter that was not reached logs the request in the machine that took the failed one's place; Envoy has none yet"
            )),
        Comparison(
            name: "tick",
            scripts: [
                "request_headers tick 5\nrequest_headers remember\nrequest_headers return 1\ntick tick 0\ntick continue 0"
            ]),
    ]

    private static let lateReplies = [
        Comparison(
            name: "reply-from-tick",
            scripts: [
                "request_headers tick 20\nrequest_headers remember\ntick tick 0\ntick reply 504 too slow\nresponse_headers get 2 :status"
            ], request: Request(path: "/slow")),
        Comparison(
            name: "reply-after-call",
            scripts: [
                "request_headers call up /x/plain\nanswer reply 403 no\nresponse_headers get 2 :status"
            ], request: Request(path: "/slow")),
    ]

    private static let functions = [
        Comparison(
            name: "all-fields", scripts: ["response_headers pair 2 :status 201\nresponse_headers get 2 content-type"]),
        Comparison(name: "size-of-nothing", scripts: ["request_headers mapsize 1\nrequest_headers mapsize 9"]),
        Comparison(name: "log-level", scripts: ["request_headers loglevel"]),
        Comparison(name: "status-without-call", scripts: ["request_headers status"]),
        Comparison(
            name: "foreign-functions",
            scripts: [
                """
                request_headers foreign nosuch x
                request_headers foreign compress aaaaaaaaaaaaaaaaaaaa
                request_headers foreign uncompress not compressed
                request_headers foreign clear_route_cache x
                """
            ]),
    ]
}
