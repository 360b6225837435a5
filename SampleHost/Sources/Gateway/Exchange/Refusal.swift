import NIOHTTP1

/// An answer of the gateway's own to a request that it does not send on: a status and a line of text that says why.
struct Refusal: Error {
    let status: HTTPResponseStatus
    let reason: String
    var headers: HTTPHeaders = [:]

    init(_ status: HTTPResponseStatus, _ reason: String = "", headers: HTTPHeaders = [:]) {
        self.status = status
        self.reason = reason
        self.headers = headers
    }

    /// The body: one line.
    var text: String {
        "\(status.code) \(status.reasonPhrase)\(reason.isEmpty ? "" : ": \(reason)")\n"
    }

    /// Whether what follows on the connection cannot be trusted, or will not be read.
    var closesConnection: Bool {
        [.badRequest, .payloadTooLarge, .requestHeaderFieldsTooLarge, .notImplemented].contains(status)
    }
}
