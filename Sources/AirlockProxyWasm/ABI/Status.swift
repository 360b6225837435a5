/// What a Proxy-Wasm host function answers (Proxy-Wasm 0.2.1, "proxy_status_t"; 6 and 12 as Envoy's host uses them).
enum Status: UInt32, Sendable {
    case ok = 0
    case notFound = 1
    case badArgument = 2
    case serializationFailure = 3
    case parseFailure = 4
    case invalidMemoryAccess = 6
    case empty = 7
    case casMismatch = 8
    case internalFailure = 10
    case unimplemented = 12
}

/// A status other than `ok`, on its way to the guest.
struct StatusError: Error {
    let status: Status

    init(_ status: Status) {
        self.status = status
    }
}
