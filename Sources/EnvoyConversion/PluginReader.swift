/// Reads a Proxy-Wasm plugin (`envoy.extensions.wasm.v3.PluginConfig`).
struct PluginReader {
    static let filter = "envoy.extensions.filters.http.wasm.v3.Wasm"
    static let networkFilter = "envoy.extensions.filters.network.wasm.v3.Wasm"

    let input: Input

    /// Nil, with a gap, where the gateway could not load it. Its name is empty where it has none.
    func read() -> GatewayDocument.Plugin? {
        guard let vm = input.field("vm_config"), let code = vm.field("code") else {
            input.gap("left out: expected vm_config.code")
            return nil
        }
        if let runtime = vm.field("runtime"), runtime.text == "envoy.wasm.runtime.null" {
            input.gap("left out: a plugin that is compiled into Envoy")
            return nil
        }
        guard var plugin = source(code) else { return nil }
        plugin.name = input.field("name")?.text ?? ""
        plugin.rootID = input.field("root_id")?.text ?? ""
        plugin.vmID = vm.field("vm_id")?.text ?? ""
        plugin.vmConfiguration = vm.field("configuration")?.configuration ?? []
        plugin.configuration = input.field("configuration")?.configuration ?? []
        plugin.environment = environment(vm)
        plugin.allowedCapabilities = allowedCapabilities()
        plugin.onFailure = failurePolicy()
        plugin.allowOnHeadersStopIteration = input.field("allow_on_headers_stop_iteration")?.flag ?? false
        vm.field("allow_precompiled")?.note("the gateway compiles modules itself")
        vm.field("nack_on_code_cache_miss")?.note("the gateway fetches modules before it starts")
        plugin.waits = waits(plugin.onFailure)
        return plugin
    }

    private func source(_ code: Input) -> GatewayDocument.Plugin? {
        if let local = code.field("local") {
            guard let file = local.field("filename") else {
                local.gap("left out: the gateway loads modules from files and URLs")
                return nil
            }
            guard let path = file.text, !path.isEmpty else { return nil }
            if !path.hasPrefix("/") {
                file.note("relative to the folder of this file here, and in Envoy to the one that it is started in")
            }
            local.field("watched_directory")?.gap("reload: watch is the gateway's way to follow a file", .differs)
            return GatewayDocument.Plugin(place: .path(path))
        }
        guard let remote = code.field("remote"), let place = remote.field("http_uri"), let uri = place.field("uri"),
            let url = uri.text
        else {
            code.gap("left out: expected local.filename, or remote.http_uri.uri")
            return nil
        }
        place.field("cluster")?.note("the gateway connects to the host of the URL")
        var plugin = GatewayDocument.Plugin(place: .url(url, timeout: place.field("timeout")?.duration))
        plugin.sha256 = remote.field("sha256")?.value("64 hexadecimal digits") { text in
            text.count == 64 && text.allSatisfy { $0.isASCII && $0.isHexDigit } ? text : nil
        }
        guard url.hasPrefix("https://") || url.hasPrefix("http://") && plugin.sha256 != nil else {
            place.gap("left out: the gateway fetches from https, and with sha256 from http")
            return nil
        }
        return plugin
    }

    private func environment(_ vm: Input) -> [String: String] {
        guard let variables = vm.field("environment_variables") else { return [:] }
        variables.field("host_env_keys")?.gap("the gateway hands no variables of its own on; set them by environment")
        let pairs = variables.field("key_values")?.entries ?? []
        return Dictionary(pairs.compactMap { key, value in value.text.map { (key, $0) } }) { first, _ in first }
    }

    /// The keys; what they may say of arguments Envoy does not read either.
    private func allowedCapabilities() -> [String] {
        let entries = input.field("capability_restriction_config")?.field("allowed_capabilities")?.entries ?? []
        for (_, value) in entries { value.settle() }
        return entries.map(\.key)
    }

    /// The waits of a plugin that is replaced when it failed.
    private func waits(_ policy: String?) -> GatewayDocument.Waits? {
        guard let settings = input.field("reload_config") else { return nil }
        guard policy == "FAIL_RELOAD" else {
            settings.note("without the policy FAIL_RELOAD it changes nothing")
            return nil
        }
        guard let backoff = settings.field("backoff"), let shortest = backoff.field("base_interval")?.duration else {
            return nil
        }
        return GatewayDocument.Waits(shortest: shortest, longest: backoff.field("max_interval")?.duration)
    }

    private func failurePolicy() -> String? {
        var policy: String?
        if let open = input.field("fail_open"), open.flag == true { policy = "FAIL_OPEN" }
        if let name = input.field("failure_policy") {
            let names = ["FAIL_CLOSED", "FAIL_OPEN", "FAIL_RELOAD", "UNSPECIFIED"]
            let named = name.value("FAIL_CLOSED, FAIL_OPEN or FAIL_RELOAD") { names.contains($0) ? $0 : nil }
            if let named, named != "UNSPECIFIED" { policy = named }
        }
        return policy
    }
}
