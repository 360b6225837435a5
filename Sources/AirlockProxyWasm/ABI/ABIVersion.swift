/// The versions of the Proxy-Wasm ABI that this module runs. A filter names its version by the function that it
/// exports.
public enum ABIVersion: String, Sendable, Hashable, CaseIterable {
    /// Proxy-Wasm 0.2.0.
    case v0_2_0 = "proxy_abi_version_0_2_0"
    /// Proxy-Wasm 0.2.1.
    case v0_2_1 = "proxy_abi_version_0_2_1"

    /// The marker of the version that is known but not run.
    static let unsupportedMarker = "proxy_abi_version_0_1_0"
}
