import Airlock

/// Reads the fields of a request as guests write it. Nothing that it claims is believed: each length is compared with the bytes there are.
struct RequestReader: ~Copyable {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var remaining: Int { bytes.count - position }

    mutating func number(_ field: String) throws(HostError) -> UInt32 {
        guard remaining >= 4 else { throw ended(in: field) }
        defer { position += 4 }
        return (0..<4).reduce(0) { $0 | UInt32(bytes[position + $1]) << (8 * UInt32($1)) }
    }

    /// Bytes with their length before them.
    mutating func data(_ field: String) throws(HostError) -> [UInt8] {
        let count = Int(try number(field))
        guard count <= remaining else { throw ended(in: field) }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    /// UTF-8 text with its length before it.
    mutating func text(_ field: String) throws(HostError) -> String {
        guard let text = String(validating: try data(field), as: UTF8.self) else {
            throw HostError(.badArgument, "the request's \(field) is not UTF-8")
        }
        return text
    }

    private func ended(in field: String) -> HostError {
        HostError(.badArgument, "the request of \(bytes.count) bytes ends in its \(field), at byte \(position)")
    }
}
