package import Airlock

/// The versions of the Proxy-Wasm ABI that this module runs. A filter names its version by the function that it
/// exports.
public enum ABIVersion: String, Sendable, Hashable, CaseIterable {
    /// Proxy-Wasm 0.1.0. Its headers callbacks are not told whether the message ends with the headers.
    case v0_1_0 = "proxy_abi_version_0_1_0"
    /// Proxy-Wasm 0.2.0.
    case v0_2_0 = "proxy_abi_version_0_2_0"
    /// Proxy-Wasm 0.2.1.
    case v0_2_1 = "proxy_abi_version_0_2_1"

    private static let markerBegin = "proxy_abi_version_"

    /// The ABI of this version.
    package var abi: PluginABI { Self.abi(marker: rawValue) ?? "proxy-wasm" }

    /// The version of Proxy-Wasm that a module names, also one that this module does not run, and the export that names it.
    package static func named(by contents: ModuleContents) -> (abi: PluginABI, marker: String)? {
        for export in contents.exports {
            guard case .function = export.item, let abi = abi(marker: export.name) else { continue }
            return (abi, export.name)
        }
        return nil
    }

    private static func abi(marker: String) -> PluginABI? {
        guard marker.hasPrefix(markerBegin) else { return nil }
        let version = marker.dropFirst(markerBegin.count)
        guard (1...20).contains(version.utf8.count), version.utf8.allSatisfy({ "0123456789_".utf8.contains($0) }) else {
            return nil
        }
        return PluginABI("proxy-wasm/\(version.replacing("_", with: "."))")
    }
}
