/// What is compared. Maps, buffers and streams go by their numbers in the ABI: 0 the request's, 2 or 1 the response's.
extension Comparison {
    static let all = callbacks + fields + bodies + actions + replies + pauses + calls + properties + failures + shared

    private static func post(_ body: String, path: String = "/echo", chunked: Bool = false) -> Request {
        Request(method: "POST", path: path, body: body, isChunked: chunked)
    }

    private static let callbacks = [
        Comparison(name: "get", scripts: [""], comparesParts: true),
        Comparison(name: "post", scripts: [""], request: post("0123456789"), comparesParts: true),
        Comparison(
            name: "post-chunked", scripts: [""], request: post("0123456789", chunked: true), comparesParts: true),
        Comparison(name: "post-empty", scripts: [""], request: post(""), comparesParts: true),
        Comparison(
            name: "put", scripts: [""], request: Request(method: "PUT", path: "/echo", body: "x"), comparesParts: true),
        Comparison(name: "delete", scripts: [""], request: Request(method: "DELETE", path: "/empty")),
        Comparison(name: "head", scripts: [""], request: Request(method: "HEAD")),
        Comparison(name: "no-content", scripts: [""], request: Request(path: "/empty")),
        Comparison(name: "not-found", scripts: [""], request: Request(path: "/missing")),
        Comparison(name: "chunked-answer", scripts: [""], request: Request(path: "/chunked")),
        Comparison(name: "two-filters", scripts: ["", ""], request: post("abc"), comparesParts: true),
        Comparison(name: "three-filters", scripts: ["", "", ""]),
    ]

    private static let fields = [
        Comparison(
            name: "read-fields",
            scripts: [
                """
                request_headers get 0 :method
                request_headers get 0 :path
                request_headers get 0 :scheme
                request_headers get 0 x-client
                request_headers get 0 X-Client
                request_headers get 0 nosuch
                request_headers get 2 :status
                request_headers get 9 x
                response_headers get 2 :status
                response_headers get 2 content-type
                """
            ], request: Request(headers: [("X-Client", "yes")])),
        Comparison(
            name: "change-request",
            scripts: [
                """
                request_headers add 0 x-a 1
                request_headers add 0 x-a 2
                request_headers replace 0 x-b new
                request_headers replace 0 x-client changed
                request_headers remove 0 x-gone
                request_headers remove 0 nosuch
                request_headers get 0 x-a
                """
            ], request: Request(headers: [("x-client", "1"), ("x-gone", "2")])),
        Comparison(
            name: "change-response",
            scripts: [
                """
                response_headers add 2 x-a 1
                response_headers add 2 x-a 2
                response_headers replace 2 content-type text/html
                response_headers remove 2 x-user
                """
            ], request: Request(path: "/check")),
        Comparison(
            name: "upper-case", scripts: ["request_headers add 0 X-Upper 1\nresponse_headers add 2 X-Upper 1"]),
        Comparison(name: "empty-value", scripts: ["request_headers add 0 x-empty\nrequest_headers get 0 x-empty"]),
        Comparison(name: "change-path", scripts: ["request_headers replace 0 :path /other/echo?a=b"]),
        Comparison(name: "change-method", scripts: ["request_headers replace 0 :method OPTIONS"]),
        Comparison(name: "change-status", scripts: ["response_headers replace 2 :status 418"]),
        Comparison(
            name: "later-filter-sees",
            scripts: [
                "request_headers add 0 x-first 1", "request_headers get 0 x-first\nresponse_headers add 2 x-second 2",
            ]),
        Comparison(
            name: "response-in-reverse",
            scripts: ["response_headers get 2 x-second", "response_headers add 2 x-second 2"]),
        Comparison(
            name: "request-in-response",
            scripts: ["response_headers get 0 :path"], difference: readableForLonger),
        Comparison(name: "change-request-too-late", scripts: ["response_headers add 0 x-late 1"]),
    ]

    /// Holds a body back until it is whole, reads it and puts another in its place.
    private static func rewriting(_ event: String, _ buffer: Int, _ text: String) -> String {
        """
        \(event) return 1
        \(event)_end body \(buffer) 0 100
        \(event)_end setbody \(buffer) 0 1000000 \(text)
        \(event)_end return 0
        """
    }

    /// More than fits into one part.
    private static let large = String(repeating: "0123456789", count: 20_000)

    private static let bodies = [
        Comparison(
            name: "read-body",
            scripts: ["request_body body 0 0 100\nrequest_body body 0 2 3\nrequest_body body 0 5 100"],
            request: post("abcdef")),
        Comparison(name: "read-past-end", scripts: ["request_body body 0 100 5"], request: post("abcdef")),
        Comparison(
            name: "read-wrong-body", scripts: ["request_headers body 0 0 9\nrequest_body body 1 0 9"],
            request: post("abc")),
        Comparison(
            name: "read-response-body", scripts: ["response_body body 1 0 100"], request: Request(path: "/missing")),
        Comparison(
            name: "hold-body", scripts: ["request_body return 1"], request: post("abcdef")),
        Comparison(
            name: "replace-body", scripts: ["request_body setbody 0 0 6 xy"], request: post("abcdef", chunked: true)),
        Comparison(
            name: "replace-response-body",
            scripts: ["response_headers remove 2 content-length\nresponse_body setbody 1 0 8 there"],
            request: Request(path: "/missing")),
        Comparison(name: "set-body-too-early", scripts: ["request_headers setbody 0 0 0 x"], request: post("abc")),
        Comparison(
            name: "prepend-body", scripts: ["request_body setbody 0 0 0 >"], request: post("abc", chunked: true)),
        Comparison(
            name: "append-body", scripts: ["request_body setbody 0 1000 0 <"], request: post("abc", chunked: true)),
        Comparison(
            name: "rewrite-body", scripts: [rewriting("request_body", 0, "longer than before")],
            request: post("abcdef", chunked: true)),
        Comparison(
            name: "rewrite-response-body",
            scripts: ["response_headers remove 2 content-length\n" + rewriting("response_body", 1, "there")],
            request: Request(path: "/missing")),
        Comparison(
            name: "reply-at-end", scripts: ["request_body return 1\nrequest_body_end reply 413 much"],
            request: post("abc", chunked: true)),
        Comparison(
            name: "trap-at-end", scripts: ["request_body return 1\nrequest_body_end trap"],
            request: post("abc", chunked: true)),
        Comparison(name: "large-body", scripts: [""], request: post(large, chunked: true)),
    ]

    private static let actions = [
        Comparison(name: "headers-return-0", scripts: ["request_headers return 0\nresponse_headers return 0"]),
        Comparison(
            name: "data-return-0", scripts: ["request_body return 0\nresponse_body return 0"], request: post("abc")),
        Comparison(
            name: "headers-return-99",
            scripts: ["request_headers call up /x/plain\nrequest_headers return 99\nanswer continue 0"]),
        Comparison(
            name: "headers-return-4",
            scripts: ["request_headers call up /x/plain\nrequest_headers return 4\nanswer continue 0"],
            request: post("abc")),
        Comparison(name: "data-return-1", scripts: ["request_body return 1"], request: post("abcdef", chunked: true)),
    ]

    private static let replies = [
        Comparison(name: "reply", scripts: ["request_headers reply 403 no"]),
        Comparison(name: "reply-empty", scripts: ["request_headers reply 204"]),
        Comparison(name: "reply-continue", scripts: ["request_headers reply 401 who\nrequest_headers return 0"]),
        Comparison(name: "reply-to-post", scripts: ["request_headers reply 403 no"], request: post("abc")),
        Comparison(name: "reply-from-body", scripts: ["request_body reply 413 much"], request: post("abc")),
        Comparison(name: "reply-from-response", scripts: ["response_headers reply 502 bad"]),
        Comparison(
            name: "reply-of-second", scripts: ["response_headers add 2 x-first 1", "request_headers reply 403 no"]),
        Comparison(
            name: "reply-of-first", scripts: ["request_headers reply 403 no", "response_headers add 2 x-second 2"]),
        Comparison(
            name: "reply-changed", scripts: ["request_headers reply 403 no\nresponse_headers replace 2 :status 404"]),
        Comparison(name: "reply-twice", scripts: ["request_headers reply 403 a\nrequest_headers reply 404 b"]),
        Comparison(name: "close", scripts: ["request_headers close 0"]),
    ]

    private static let pauses = [
        Comparison(
            name: "pause-and-call",
            scripts: ["request_headers call up /x/plain\nrequest_headers return 1\nanswer continue 0"]),
        Comparison(
            name: "pause-response",
            scripts: ["response_headers call up /x/plain\nresponse_headers return 1\nanswer continue 1"]),
        Comparison(
            name: "pause-twice",
            scripts: Array(
                repeating: "request_headers call up /x/plain\nrequest_headers return 1\nanswer continue 0", count: 2)),
        Comparison(
            name: "continue-without-pause", scripts: ["request_headers continue 0"],
            difference: Difference(
                parts: [.upstream], reason: "Envoy sends the request twice; the gateway has nothing to continue")),
    ]

    private static let calls = [
        Comparison(
            name: "call-answer",
            scripts: [
                """
                request_headers call up /x/check
                request_headers return 1
                answer-as-root get 6 :status
                answer-as-root get 6 x-user
                answer-as-root body 4 0 100
                answer get 6 x-user
                answer add 0 x-user ann
                answer continue 0
                """
            ]),
        Comparison(
            name: "call-refuses",
            scripts: [
                "request_headers call up /x/deny\nrequest_headers return 1\nanswer get 6 :status\nanswer reply 403 denied"
            ]),
        Comparison(name: "call-unknown", scripts: ["request_headers call nosuch /x/plain"]),
        Comparison(
            name: "call-with-body",
            scripts: ["request_headers call up /x/plain\nrequest_headers return 1\nanswer continue 0"],
            request: post("abc")),
    ]

    private static let paths = [
        "plugin_name", "plugin_root_id", "plugin_vm_id", "request/path", "request/url_path", "request/scheme",
        "request/method", "request/headers/x-client", "request/headers/nosuch", "request/referer", "request/useragent",
        "request/id", "request/protocol", "request/query", "request/size", "request/nosuch", "response/code",
        "response/headers/content-type", "response/size", "response/flags", "response/code_details",
        "response/grpc_status", "connection/mtls",
        "connection/requested_server_name", "connection/tls_version", "source/address", "destination/address",
        "upstream/address", "xds/cluster_name", "xds/route_name", "cluster_name", "route_name", "node/id", "nosuch",
        "source/nosuch", "listener_direction", "xds/listener_direction", "filter_state/x",
        "metadata/filter_metadata/a/b",
    ]

    private static func reading(_ event: String) -> String {
        paths.map { "\(event) property \($0)" }.joined(separator: "\n")
    }

    private static let readableForLonger = Difference(
        parts: [.callbacks],
        reason:
            "in Envoy the request's headers and what is read from them are gone once they went on; the gateway keeps them"
    )
    private static let oldNames = Difference(
        parts: [.callbacks],
        reason:
            "the gateway answers to route_name, cluster_name and the like as well; it does not know its upstream's address"
    )

    private static let properties = [
        Comparison(
            name: "properties-of-request", scripts: [reading("request_headers")],
            request: Request(
                path: "/plain?a=1&b=2",
                headers: [("x-client", "yes"), ("referer", "http://r"), ("user-agent", "UA"), ("x-request-id", "id1")]),
            difference: oldNames),
        Comparison(
            name: "properties-of-response", scripts: [reading("response_headers")],
            request: Request(path: "/plain?a=1", headers: [("x-request-id", "id1")]), difference: readableForLonger),
        Comparison(
            name: "properties-of-log", scripts: [reading("log")], request: Request(headers: [("x-request-id", "id1")]),
            difference: oldNames),
        Comparison(
            name: "shared-data",
            scripts: [
                "request_headers shared a\nrequest_headers share a one\nrequest_headers shared a\nresponse_headers shared a"
            ]),
    ]

    private static let failures = [
        Comparison(name: "trap", scripts: ["request_headers trap"]),
        Comparison(
            name: "trap-open", scripts: ["request_headers trap"], failsOpen: true,
            difference: Difference(
                parts: [.status, .headers, .body, .upstream],
                reason:
                    "Envoy answers 503 to the request that it fails in, and lets later ones pass; the gateway lets all pass"
            )),
        Comparison(name: "trap-response", scripts: ["response_headers trap"]),
        Comparison(name: "trap-second", scripts: ["", "request_headers trap"]),
        Comparison(name: "trap-body", scripts: ["request_body trap"], request: post("abc")),
        Comparison(name: "trap-log", scripts: ["log trap"]),
    ]
}
