/// The host of a URL in the one form that is compared: a name in lower case without a dot at the end, or an address.
enum EgressHost: Hashable, Sendable {
    case name(String)
    case address(IPAddress)

    /// Reads the host of a URL; IPv6 addresses are in brackets.
    init(_ text: Substring) throws(URLRefusal) {
        guard !text.isEmpty else { throw URLRefusal(part: "host", reason: "is empty") }
        if text.utf8.first == UInt8(ascii: "[") {
            guard text.utf8.last == UInt8(ascii: "]"), text.contains(":"),
                let address = IPAddress(String(text.dropFirst().dropLast()))
            else { throw URLRefusal(part: "host", reason: "'\(text.printable)' is no IPv6 address without a zone") }
            self = .address(address)
            return
        }
        var name = text.lowercased()
        if name.utf8.last == UInt8(ascii: ".") { name.removeLast() }
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, labels.allSatisfy(Self.isLabel) else {
            throw URLRefusal(
                part: "host",
                reason:
                    "'\(text.printable)' is no host name: expected labels of 1 to 63 ASCII letters, digits, '-' and '_' with dots between them"
            )
        }
        // Resolvers take a name for an IPv4 address if its last label is a number, in many forms.
        guard let last = labels.last, Self.isNumber(last) else {
            self = .name(name)
            return
        }
        guard let address = IPAddress(name) else {
            throw URLRefusal(
                part: "host", reason: "'\(text.printable)' ends in a number, and is no IPv4 address in its usual form")
        }
        self = .address(address)
    }

    private static func isLabel(_ label: Substring.UTF8View) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
            && label.allSatisfy { $0.isDigit || $0.isLetter || $0 == UInt8(ascii: "_") || $0 == hyphen }
    }

    private static func isNumber(_ label: Substring.UTF8View) -> Bool {
        if label.starts(with: "0x".utf8) { return label.dropFirst(2).allSatisfy(\.isHexDigit) }
        return label.allSatisfy(\.isDigit)
    }
}

extension EgressHost: CustomStringConvertible {
    /// The host as URLs have it.
    var description: String {
        switch self {
        case .name(let name): name
        case .address(let address): address.isIPv4 ? "\(address)" : "[\(address)]"
        }
    }
}
