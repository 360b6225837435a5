import Airlock

@testable import AirlockHTTP

/// Requests as guests encode them for `airlock:http`.
struct RequestTarget: FuzzTarget {
    func seeds() throws -> [[UInt8]] {
        let requests = [
            request("GET", "https://api.example.com/v1?a=b"),
            request("POST", "http://[::1]:8080/", headers: [("accept", "*/*"), ("x-y", "")], body: [0, 1, 2, 255]),
            request("DELETE", "https://a.test/", headers: [("Host", "b.test")]),
        ]
        return requests + [requests[1].dropLast(3), requests[1] + [0]]
    }

    func run(_ input: [UInt8]) {
        let request: EgressRequest
        do {
            request = try EgressRequest(input)
        } catch {
            guard !error.message.isEmpty, error.message.utf8.count < 2_000 else {
                violated("a refusal has a message of some length: \(error.message.utf8.count) bytes")
            }
            return
        }
        let texts = [request.method] + request.headers.flatMap { [$0.name, $0.value] }
        guard texts.reduce(request.body.count, { $0 + $1.utf8.count }) <= input.count else {
            violated("a request holds no more than its bytes")
        }
        for text in texts where text.utf8.contains(where: { [0, 10, 13].contains($0) }) {
            violated("nothing in a request begins a new line: \(text.debugDescription)")
        }
        guard request.headers.count <= EgressRequest.mostHeaders, request.wireBytes >= request.body.count else {
            violated("\(request.headers.count) headers and \(request.wireBytes) bytes")
        }
        for header in request.headers where RequestHeaders.reserved.contains(header.name.lowercased()) {
            violated("the host's own headers are refused: \(header.name)")
        }
        URLTarget.check(request.url)
    }

    private func request(
        _ method: String, _ url: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) -> [UInt8] {
        func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        func text(_ text: String) -> [UInt8] { number(text.utf8.count) + Array(text.utf8) }
        var bytes = number(Int(EgressRequest.version)) + number(0) + number(3) + text(method) + text(url)
        bytes += number(headers.count) + headers.flatMap { text($0.0) + text($0.1) }
        return bytes + number(body.count) + body
    }
}
