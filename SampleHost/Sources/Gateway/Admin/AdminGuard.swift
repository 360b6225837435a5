import Hummingbird

/// Lets in who may use the admin server. `/healthz` and `/readyz` are for everyone.
///
/// With a token, a request must bear it. Without one, the server listens on a loopback address, which programs of this machine can reach, but
/// also pages in a browser on it: by a name of their own that leads to 127.0.0.1, or by sending what they may send anywhere. So the request
/// must be for a loopback name, and what changes something must not come from a page.
struct AdminGuard: RouterMiddleware {
    typealias Context = AdminContext

    let token: AdminToken?

    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard request.uri.path != "/healthz", request.uri.path != "/readyz" else {
            return try await next(request, context)
        }
        if let token { try check(request, bears: token) } else { try checkIsFromThisMachine(request) }
        return try await next(request, context)
    }

    private func check(_ request: Request, bears token: AdminToken) throws(AdminError) {
        let fields = request.headers[values: .authorization]
        let words = fields.first?.split(separator: " ", maxSplits: 1) ?? []
        if fields.count == 1, words.count == 2, words[0].lowercased() == "bearer", token.matches(words[1]) { return }
        let challenge = fields.isEmpty ? "Bearer realm=\"admin\"" : "Bearer realm=\"admin\", error=\"invalid_token\""
        throw AdminError(
            .unauthorized, code: "unauthorized",
            fields.isEmpty ? "expected the header field authorization: Bearer TOKEN" : "the token is not the right one",
            headers: [.wwwAuthenticate: challenge])
    }

    private func checkIsFromThisMachine(_ request: Request) throws(AdminError) {
        let host = request.head.authority ?? ""
        guard LoopbackAuthority.includes(host) else {
            throw AdminError(
                .forbidden, code: "forbidden",
                "expected the host localhost, 127.0.0.1 or [::1], found \"\(host.prefix(100))\"")
        }
        guard request.method == .get || request.method == .head || request.headers[.origin] == nil else {
            throw AdminError(
                .forbidden, code: "forbidden", "expected no origin: pages in a browser change nothing here")
        }
    }
}

/// The names of this machine that stay on it.
enum LoopbackAuthority {
    /// Whether `host`, with a port or without, can only mean this machine.
    static func includes(_ authority: String) -> Bool {
        let host: Substring
        let rest: Substring
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
            guard host.contains(":") else { return false }
        } else {
            host = authority.prefix { $0 != ":" }
            rest = authority[host.endIndex...]
        }
        guard rest.isEmpty || (rest.hasPrefix(":") && UInt16(rest.dropFirst()) != nil) else { return false }
        return ListenAddress(host: host.lowercased(), port: 0).isLoopback
    }
}
