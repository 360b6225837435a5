/// What a guest may put into a header or trailer map, so that a filter can neither split a message nor blow up the
/// host.
///
/// Names are tokens of RFC 9110, section 5.6.2, or pseudo headers of RFC 9113, section 8.3; values hold no control characters but the
/// tab (RFC 9110, section 5.5).
struct HeaderRules {
    /// The most bytes of names and values in one map.
    let maximumBytes: Int
    /// The most fields in one map.
    let maximumFields: Int

    /// - Parameter size: that of the map as it came in, which does not count: how much comes in is not the filters' doing.
    init(_ limits: ProxyWasmRuntimeLimits, growing size: HeaderMap.Size = HeaderMap.Size()) {
        maximumBytes = size.bytes + min(limits.headerBytes, .max - size.bytes)
        maximumFields = size.fields + min(limits.headerFields, .max - size.fields)
    }

    /// Whether a field may be in a map of that type at all.
    func allows(name: some Collection<UInt8>, value: some Collection<UInt8>, in type: MapType) -> Bool {
        guard !name.isEmpty, !value.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) else { return false }
        guard name.first == UInt8(ascii: ":") else {
            return name.allSatisfy(\.isToken)
        }
        switch type {
        case .requestHeaders:
            return Self.requestPseudoHeaders.contains { name.elementsEqual($0.utf8) }
                && !value.isEmpty && value.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        case .responseHeaders:
            return name.elementsEqual(Self.status.utf8) && Self.statusCode(value) != nil
        default:
            return false
        }
    }

    /// Whether a map that now has `fields` and `bytes` may take one more field.
    func hasRoom(in map: HeaderMap, name: Int, value: Int) -> Bool {
        map.count < maximumFields && map.byteCount + name + value <= maximumBytes
    }

    /// Whether a field with that name replaces the one that is there, because pseudo headers occur once.
    func isSingle(_ name: some Collection<UInt8>) -> Bool {
        name.first == UInt8(ascii: ":")
    }

    /// The value that a field gets, where that of the guest would do, but for its form: a space within a path, and the status of an
    /// interim response, which is not a filter's business.
    func value(_ value: [UInt8], of name: [UInt8]) -> [UInt8] {
        if name.elementsEqual(Self.path.utf8) {
            return value.contains(0x20) ? value.flatMap { $0 == 0x20 ? Array("%20".utf8) : [$0] } : value
        }
        if name.elementsEqual(Self.status.utf8), let status = Self.statusCode(value) {
            return Array(String(LocalReply.finalStatus(status)).utf8)
        }
        return value
    }

    /// The name that a field goes by in a map: `host` of a request is `:authority`, as in Envoy.
    func name(_ name: [UInt8], in type: MapType) -> [UInt8] {
        type == .requestHeaders && name.isHost ? Self.authority : name
    }

    private static let authority = Array(":authority".utf8)
    private static let path = ":path"
    private static let status = ":status"
    private static let requestPseudoHeaders = [":authority", ":path", ":method", ":scheme", ":protocol"]

    /// Three digits, 100 to 999.
    private static func statusCode(_ value: some Collection<UInt8>) -> UInt32? {
        guard value.count == 3, let number = UInt32(String(decoding: value, as: UTF8.self)), number >= 100
        else { return nil }
        return number
    }
}

extension HeaderMap {
    /// The bytes of the first value under the name that a field goes by in a map of that type.
    func firstValue(of name: some Collection<UInt8>, in type: MapType) -> ArraySlice<UInt8>? {
        type == .requestHeaders && name.isHost ? firstValue(of: ":authority".utf8) : firstValue(of: name)
    }

    /// The bytes of all values under the name that a field goes by in a map of that type.
    func allValues(of name: some Collection<UInt8>, in type: MapType) -> [ArraySlice<UInt8>] {
        type == .requestHeaders && name.isHost ? allValues(of: ":authority".utf8) : allValues(of: name)
    }
}

extension Collection<UInt8> {
    fileprivate var isHost: Bool {
        count == 4 && elementsEqual("host".utf8) { $0.lowercasedASCII == $1 }
    }
}

extension UInt8 {
    /// Whether the byte may be in a token of RFC 9110, section 5.6.2.
    var isToken: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
        default: false
        }
    }
}
