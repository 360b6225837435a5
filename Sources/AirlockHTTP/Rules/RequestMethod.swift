/// Which methods can be sent at all.
enum RequestMethod {
    static let longest = 32

    /// Whether it is a token, and neither asks for a tunnel (`CONNECT`) nor for an echo of what the client sent (`TRACE`).
    static func isSendable(_ method: String) -> Bool {
        HTTPToken.isToken(method) && method.utf8.count <= longest
            && !["CONNECT", "TRACE"].contains(method.uppercased())
    }
}
