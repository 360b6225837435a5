/// A request in the form that guests write it.
struct GuestRequest: Sendable {
    var method = "GET"
    var url: String
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    var timeout: UInt32 = 0
    var redirects: UInt32 = 10

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        func add(_ number: UInt32) { (0..<4).forEach { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * $0))) } }
        func add(_ data: [UInt8]) {
            add(UInt32(data.count))
            bytes += data
        }
        add(1)
        add(timeout)
        add(redirects)
        add(Array(method.utf8))
        add(Array(url.utf8))
        add(UInt32(headers.count))
        for (name, value) in headers {
            add(Array(name.utf8))
            add(Array(value.utf8))
        }
        add(body)
        return bytes
    }
}

/// What a guest got for a request.
struct GuestAnswer: Sendable {
    /// The status, or a result less than 0.
    var result: Int32
    var url = ""
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    var egressBytes = 0

    var text: String { String(decoding: body, as: UTF8.self) }

    mutating func read(head: [UInt8]) {
        var rest = head[...]
        func number() -> UInt32 {
            defer { rest = rest.dropFirst(4) }
            return rest.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        func text() -> String {
            let count = Int(number())
            defer { rest = rest.dropFirst(count) }
            return String(decoding: rest.prefix(count), as: UTF8.self)
        }
        _ = number()
        url = text()
        headers = (0..<number()).map { _ in (text(), text()) }
    }
}
