/// The sample plugins, which are written in Embedded Swift with a library of their own.
extension Comparison {
    static func samples(in folder: String) -> [Comparison] {
        let auth = #"{"header": "x-api-key", "keys": ["k1"]}"#
        let secrets = #"{"card": "4111 1111 1111 1111", "mail": "ann@example.test"}"#
        let plugins = [
            (
                "add-header",
                [
                    Comparison(
                        name: "sample-add-header",
                        scripts: [#"{"request": {"x-a": "1"}, "response": {"x-b": "2"}}"#]),
                    Comparison(
                        name: "sample-add-header-twice",
                        scripts: [#"{"request": {"x-a": "1"}}"#, #"{"request": {"x-a": "2"}, "response": {}}"#]),
                ]
            ),
            (
                "api-key-auth",
                [
                    Comparison(name: "sample-auth-refuses", scripts: [auth]),
                    Comparison(
                        name: "sample-auth", scripts: [auth], request: Request(headers: [("x-api-key", "k1")])),
                ]
            ),
            (
                "redact",
                [
                    Comparison(
                        name: "sample-redact", scripts: [""],
                        request: Request(method: "POST", path: "/echo", body: secrets)),
                    Comparison(
                        name: "sample-redact-chunked", scripts: [""],
                        request: Request(method: "POST", path: "/echo", body: secrets, isChunked: true)),
                ]
            ),
            (
                "token-bucket",
                [
                    Comparison(
                        name: "sample-token-bucket",
                        scripts: Array(repeating: #"{"capacity": 1, "refillPerSecond": 0.1}"#, count: 2),
                        sharesVM: true)
                ]
            ),
            (
                "unruly",
                ["trap", "bad-pointer"].map {
                    Comparison(
                        name: "sample-unruly-\($0)", scripts: [""], request: Request(headers: [("x-unruly", $0)]))
                }
            ),
        ]
        return plugins.flatMap { plugin, comparisons in
            comparisons.map { comparison in
                var comparison = comparison
                comparison.module = "\(folder)/\(plugin).wasm"
                return comparison
            }
        }
    }
}
