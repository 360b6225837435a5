internal import GuestJSON
internal import ProxyWasmGuest

/// Lets only requests pass that carry a configured key; others are answered with 401 and a JSON body.
///
/// Configuration: `{"header": "x-api-key", "keys": ["k1"]}`, with at least one key. Requests are passed on unchanged.
@main
final class APIKeyAuth: RootContext {
    private var header: [UInt8] = []
    private var keys: [[UInt8]] = []

    func onConfigure(_ configuration: Span<UInt8>) throws(ConfigurationError) {
        let root = try JSON(configuration)
        guard let header = root["header"]?.string, !header.isEmpty else {
            throw ConfigurationError(expected: "\"header\" to be the name of a header")
        }
        guard let elements = root["keys"]?.array, !elements.isEmpty else {
            throw ConfigurationError(expected: "\"keys\" to be an array with at least one key")
        }
        var keys: [[UInt8]] = []
        for element in elements {
            guard let key = element.string, !key.isEmpty else {
                throw ConfigurationError(expected: "each of \"keys\" to be a string that is not empty")
            }
            keys.append(key)
        }
        self.header = header
        self.keys = keys
    }

    func makeFilter(_ id: ContextID) -> any HTTPFilter { APIKeyFilter(self) }

    /// Whether a header value is one of the keys. Looks at every byte of every key of that length, so that the time it
    /// takes tells nothing about how much of a key was right.
    fileprivate func accepts(_ value: Span<UInt8>) -> Bool {
        var isAccepted = false
        for key in keys where key.count == value.count {
            var difference: UInt8 = 0
            for index in key.indices { difference |= key[index] ^ value[index] }
            if difference == 0 { isAccepted = true }
        }
        return isAccepted
    }

    fileprivate func key(in headers: HeaderMap) -> HostBytes? { headers.value(header) }
}

/// Checks the key of one request.
final class APIKeyFilter: HTTPFilter {
    private let plugin: APIKeyAuth

    init(_ plugin: APIKeyAuth) {
        self.plugin = plugin
    }

    func onRequestHeaders(_ headers: HeaderMap, endOfStream: Bool) -> Action {
        if let key = plugin.key(in: headers), key.withBytes(plugin.accepts) { return .continue }
        var response = HeaderList()
        response.append("content-type", "application/json")
        response.append("www-authenticate", "APIKey")
        sendLocalResponse(
            status: 401, headers: response,
            body: #"{"error":"unauthorized","message":"a valid API key is required"}"#)
        return .pause
    }
}
