import Airlock

/// A request as the guest wrote it, or one hop of it.
struct EgressRequest: Sendable {
    static let version: UInt32 = 1
    /// More headers are refused before they are read.
    static let mostHeaders = 1_000
    /// What a request can have besides the text of its headers and its body: the URL, the method, and lengths.
    static let mostOtherBytes = EgressURL.longest + RequestMethod.longest + 8 * mostHeaders + 28

    var method: String
    var url: EgressURL
    var headers: [(name: String, value: String)]
    var body: [UInt8]
    /// How long it may take; nil for as long as granted.
    var timeout: Duration?
    /// How many redirects the guest wants to be followed.
    var redirects: Int
    /// Whether a server chose the URL.
    var isRedirected = false

    /// Reads a request; see ``HTTPEgress`` for its form.
    init(_ bytes: [UInt8]) throws(HostError) {
        var reader = RequestReader(bytes)
        let version = try reader.number("version")
        guard version == Self.version else {
            throw HostError(.badArgument, "the request has the version \(version), this host knows \(Self.version)")
        }
        let milliseconds = try reader.number("timeout")
        timeout = milliseconds == 0 ? nil : .milliseconds(milliseconds)
        redirects = Int(try reader.number("number of redirects"))
        method = try reader.text("method")
        let text = try reader.text("URL")
        let count = try reader.number("number of headers")
        guard count <= Self.mostHeaders else {
            throw HostError(.badArgument, "the request has \(count) headers, more than \(Self.mostHeaders)")
        }
        headers = []
        for _ in 0..<count { headers.append((try reader.text("header name"), try reader.text("header value"))) }
        body = try reader.data("body")
        guard reader.remaining == 0 else {
            throw HostError(.badArgument, "the request has \(reader.remaining) bytes behind its body")
        }
        guard RequestMethod.isSendable(method) else {
            throw HostError(.denied, "the method '\(method.printable)' is none that can be sent")
        }
        do {
            url = try EgressURL(text)
        } catch {
            throw HostError(.denied, "the URL '\(text.printable)' is refused: its \(error.part) \(error.reason)")
        }
        for header in headers { try RequestHeaders.check(header.name, header.value) }
    }

    /// Bytes of the headers, with what separates them.
    var headerBytes: Int {
        headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
    }

    /// Bytes that go to the server for it, without the headers that the HTTP client adds, TLS and TCP.
    var wireBytes: Int {
        method.utf8.count + url.target.utf8.count + 14 + headerBytes + body.count
    }
}
