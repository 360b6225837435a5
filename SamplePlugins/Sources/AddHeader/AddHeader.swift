internal import GuestJSON
internal import ProxyWasmGuest

/// Adds headers to requests and responses.
///
/// Configuration: `{"request": {"x-a": "1"}, "response": {"x-b": "2"}}`; both parts may be missing. Every response also
/// gets `x-airlock-build`, which tells the two builds of this source apart.
@main
final class AddHeader: RootContext {
    private var added = AddedHeaders()

    func onConfigure(_ configuration: Span<UInt8>) throws(ConfigurationError) {
        added = try AddedHeaders(configuration)
    }

    func makeFilter(_ id: ContextID) -> any HTTPFilter { AddHeaderFilter(added) }
}

/// The headers of one configuration.
struct AddedHeaders {
    var request: [(name: [UInt8], value: [UInt8])] = []
    var response: [(name: [UInt8], value: [UInt8])] = []

    init() {}

    init(_ configuration: Span<UInt8>) throws(ConfigurationError) {
        guard configuration.count > 0 else { return }
        let root = try JSON(configuration)
        guard root.members != nil else { throw ConfigurationError(expected: "an object") }
        request = try Self.headers(root["request"], "\"request\" to be an object of strings")
        response = try Self.headers(root["response"], "\"response\" to be an object of strings")
    }

    private static func headers(
        _ value: JSON?, _ expected: StaticString
    ) throws(ConfigurationError) -> [(name: [UInt8], value: [UInt8])] {
        guard let value else { return [] }
        guard let members = value.members else { throw ConfigurationError(expected: expected) }
        var headers: [(name: [UInt8], value: [UInt8])] = []
        for member in members {
            guard let text = member.value.string else { throw ConfigurationError(expected: expected) }
            headers.append((member.name, text))
        }
        return headers
    }
}

/// Adds the configured headers to one stream.
final class AddHeaderFilter: HTTPFilter {
    private let added: AddedHeaders

    init(_ added: AddedHeaders) {
        self.added = added
    }

    func onRequestHeaders(_ headers: HeaderMap, endOfStream: Bool) -> Action {
        for header in added.request { headers.add(header.name, header.value) }
        return .continue
    }

    func onResponseHeaders(_ headers: HeaderMap, endOfStream: Bool) -> Action {
        for header in added.response { headers.add(header.name, header.value) }
        #if AIRLOCK_SAMPLE_V2
        headers.add("x-airlock-build", "2")
        #else
        headers.add("x-airlock-build", "1")
        #endif
        return .continue
    }
}
