/// The first part of a response, and how guests read it.
struct ResponseHead: Sendable {
    var status: UInt32
    /// Where the response came from, after redirects.
    var url: String
    var headers: [(name: String, value: String)]

    /// Bytes that a server sends for it, more or less: it is what is counted.
    var wireBytes: Int {
        headers.reduce(15) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
    }

    /// Status, URL, number of headers, and the headers; numbers are 32 bits, little-endian, and text has its length before it.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        func add(_ number: UInt32) {
            for shift in stride(from: 0 as UInt32, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        func add(_ text: String) {
            add(UInt32(clamping: text.utf8.count))
            bytes += text.utf8
        }
        add(status)
        add(url)
        add(UInt32(clamping: headers.count))
        for header in headers {
            add(header.name)
            add(header.value)
        }
        return bytes
    }
}
