import Airlock
import AirlockProxyWasm

/// Trying versions of filters.
extension Guest {
    /// A filter that lets requests pass.
    static let passing = wat(
        #"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))"#)

    /// A filter that says "seen", and traps on ``failingRequest``.
    static let trapping = wat(
        """
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (call $say @"seen")
          (if (i32.eqz (call $get_header_map_value (i32.const 0) @"fail" @result)) (then unreachable)) (i32.const 0))
        """)
}

/// A request with a header `fail`.
var failingRequest: HeaderMap {
    var map = getRequest
    map.append(name: "fail", value: "now")
    return map
}

extension ProxyWasmFilter {
    /// Gives a version all streams, for so long that only its failures end that, and lets it fail as often as it likes.
    func tryOut(_ source: PluginSource) async throws {
        try await releases.reload(
            from: source, strategy: .canary(share: 1, for: .seconds(3_600), errorBudget: ErrorBudget(share: 1)))
    }

    /// What came of the version that is being tried, if one is.
    var trialResult: TrialResult? {
        get async {
            for release in await releases.list() {
                if case .canary(let result) = release.state { return result }
            }
            return nil
        }
    }
}
