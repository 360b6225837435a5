@testable import AirlockHTTP

/// URLs as guests pass them, and redirects as servers answer with: behind a newline, the `Location` that is followed.
struct URLTarget: FuzzTarget {
    func seeds() throws -> [[UInt8]] {
        [
            "https://api.example.com/v1?a=b#c\n../up/./x?y", "http://[2001:db8::1]:8080/%41{}\n//other.test:81/",
            "HTTPS://Api.Example.COM.:443\n?q", "http://10.0.0.1\nhttp://0x7f.1/", "https://a_b-c.test/\n#f",
            "http://user@host/", "http://a\\b/", "https://xn--nxasmq6b/\n/../..//a/..",
        ].map { Array($0.utf8) }
    }

    var words: [String] {
        [
            "http://", "https://", "//", "/", "?", "#", "@", ":", "[", "]", "::", ".", "..", "%2e", "%", "\\", "\n",
            "127.0.0.1",
            "0x", "0177", "localhost", ":443", ":80", "[::ffff:127.0.0.1]",
        ]
    }

    func run(_ input: [UInt8]) {
        guard let text = String(validating: input, as: UTF8.self) else { return }
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = lines.first, let url = try? EgressURL(String(Substring(first))) else { return }
        Self.check(url)
        guard lines.count > 1 else { return }
        let location = String(Substring(lines[1]))
        guard let next = try? url.following(location) else { return }
        Self.check(next)
        let mark = location.utf8.first { ":/?#".utf8.contains($0) }
        if !location.utf8.starts(with: "//".utf8), mark != UInt8(ascii: ":"), !next.hasOrigin(of: url) {
            violated("'\(location)' is of the same origin as \(url): \(next)")
        }
    }

    /// What holds for each URL that was taken.
    static func check(_ url: EgressURL) {
        guard url.target.utf8.first == UInt8(ascii: "/"),
            url.target.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
        else { violated("the target is a path: \(url.target)") }
        let host = url.host.description
        guard !host.isEmpty, !host.utf8.contains(where: { "@/?#\\%".utf8.contains($0) }) else {
            violated("the host is a host: \(host)")
        }
        let text = url.description
        guard text.utf8.count <= EgressURL.longest else { return }
        guard let again = try? EgressURL(text), again == url else { violated("\(text) is read as the same again") }
    }
}
