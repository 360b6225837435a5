/// Which methods can be sent at all.
enum RequestMethod {
    static let longest = 32

    /// Whether it is a token, and neither asks for a tunnel (`CONNECT`) nor for an echo of what the client sent (`TRACE`).
    static func isSendable(_ method: String) -> Bool {
        isToken(method) && method.utf8.count <= longest && !["CONNECT", "TRACE"].contains(method.uppercased())
    }

    /// Whether the text is a token as of RFC 9110: what methods and header names are made of.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
