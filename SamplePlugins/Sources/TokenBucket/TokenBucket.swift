internal import GuestJSON
internal import ProxyWasmGuest
internal import RateLimiting

/// Limits the rate of requests; what is too much is answered with 429 and `retry-after`.
///
/// Configuration: `{"capacity": 10, "refillPerSecond": 5, "key": "x-client"}`. With a `key` each value of that header has
/// a bucket of its own, else all requests share one. Buckets lie in shared data, so all instances count together.
@main
final class TokenBucket: RootContext {
    private var limits = Bucket.Limits(capacity: 1, refillPerSecond: 1)
    private var keyHeader: [UInt8] = []
    private var keyPrefix: [UInt8] = []

    private static let highest = 1_000_000_000.0
    private static let longestKey = 256

    func onConfigure(_ configuration: Span<UInt8>) throws(ConfigurationError) {
        let root = try JSON(configuration)
        guard let capacity = root["capacity"]?.number, capacity >= 1, capacity <= Self.highest else {
            throw ConfigurationError(expected: "\"capacity\" to be a number from 1 to 1000000000")
        }
        guard let refill = root["refillPerSecond"]?.number, refill > 0, refill <= Self.highest else {
            throw ConfigurationError(expected: "\"refillPerSecond\" to be a number above 0, at most 1000000000")
        }
        if let key = root["key"] {
            guard let name = key.string else {
                throw ConfigurationError(expected: "\"key\" to be the name of a header, or empty")
            }
            keyHeader = name
        }
        limits = Bucket.Limits(capacity: capacity, refillPerSecond: refill)
        keyPrefix.append("token-bucket:" as StaticString)
        if let name = property("plugin_name") { keyPrefix.append(name) }
        keyPrefix.append(UInt8(ascii: ":"))
    }

    func makeFilter(_ id: ContextID) -> any HTTPFilter { TokenBucketFilter(self) }

    /// Takes a token for a request; nil when there was one, else the seconds to wait.
    fileprivate func take(_ headers: HeaderMap) -> UInt64? {
        let key = key(headers)
        // A write that fails lost against another one that succeeded, so a few turns are enough in practice.
        for _ in 0..<16 {
            let now = currentTimeNanoseconds()
            var bucket = Bucket(full: limits, at: now)
            var cas: UInt32?
            if let stored = SharedData.get(key) {
                bucket = stored.data.withBytes { Bucket(bytes: $0) } ?? bucket
                cas = stored.cas
            }
            if let seconds = bucket.take(limits, at: now) { return seconds }
            switch SharedData.set(key, bucket.bytes, ifStill: cas) {
            case .stored: return nil
            case .casMismatch: continue
            case .refused:
                log(.warning, "token-bucket: the host does not store the bucket; the request is refused")
                return 1
            }
        }
        return 1
    }

    private func key(_ headers: HeaderMap) -> [UInt8] {
        var key = keyPrefix
        guard !keyHeader.isEmpty, let value = headers.value(keyHeader) else { return key }
        value.withBytes { value in
            for index in 0..<min(value.count, Self.longestKey) { key.append(value[index]) }
        }
        return key
    }
}

/// Counts one request.
final class TokenBucketFilter: HTTPFilter {
    private let plugin: TokenBucket

    init(_ plugin: TokenBucket) {
        self.plugin = plugin
    }

    func onRequestHeaders(_ headers: HeaderMap, endOfStream: Bool) -> Action {
        guard let seconds = plugin.take(headers) else { return .continue }
        var response = HeaderList()
        response.append("content-type", "application/json")
        response.append("retry-after", [UInt8](decimal: seconds))
        sendLocalResponse(
            status: 429, headers: response,
            body: #"{"error":"too_many_requests","message":"the rate limit is reached"}"#)
        return .pause
    }
}
