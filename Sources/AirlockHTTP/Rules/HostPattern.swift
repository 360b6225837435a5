/// The hosts of a rule: one host, or all names below one.
enum HostPattern: Hashable, Sendable {
    case exact(EgressHost)
    /// Names with at least one label before the name, and not the name itself.
    case below(String)

    init(_ text: Substring) throws(URLRefusal) {
        guard text.hasPrefix("*.") else {
            self = .exact(try EgressHost(text))
            return
        }
        guard case .name(let name) = try EgressHost(text.dropFirst(2)) else {
            throw URLRefusal(part: "host", reason: "'\(text.printable)' has an address behind '*.'")
        }
        self = .below(name)
    }

    func matches(_ host: EgressHost) -> Bool {
        switch (self, host) {
        case (.exact(let expected), _): expected == host
        case (.below(let parent), .name(let name)):
            name.utf8.count > parent.utf8.count + 1 && name.hasSuffix(".\(parent)")
        case (.below, .address): false
        }
    }

    /// The hosts that are in both.
    func intersection(_ other: HostPattern) -> HostPattern? {
        switch (self, other) {
        case (.exact(let host), _): other.matches(host) ? self : nil
        case (_, .exact(let host)): matches(host) ? other : nil
        case (.below(let one), .below(let two)):
            if one == two || one.hasSuffix(".\(two)") { self } else if two.hasSuffix(".\(one)") { other } else { nil }
        }
    }
}

extension HostPattern: CustomStringConvertible {
    var description: String {
        switch self {
        case .exact(let host): "\(host)"
        case .below(let name): "*.\(name)"
        }
    }
}
