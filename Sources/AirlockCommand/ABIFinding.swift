import Airlock
import AirlockProxyWasm

/// The ABI that a module seems to be written for, by what it exports and imports.
struct ABIFinding {
    let abi: PluginABI
    /// What gave it away, for people.
    let reason: String

    private init(_ abi: PluginABI, _ reason: String) {
        self.abi = abi
        self.reason = reason
    }

    init(of contents: ModuleContents) {
        let exports = Set(contents.exports.map(\.name))
        let modules = Set(contents.imports.map(\.module))
        let sections = Set(contents.sections.filter { $0.id == 0 }.map(\.name))
        self =
            Self.proxyWasm(contents) ?? Self.extism(modules) ?? Self.waPC(exports, modules, sections)
            ?? Self.openPolicyAgent(exports) ?? Self.wasi(exports, modules)
            ?? ABIFinding(.airlock, "imports and exports of its own")
    }

    private static func proxyWasm(_ contents: ModuleContents) -> ABIFinding? {
        ABIVersion.named(by: contents).map { ABIFinding($0.abi, "exports \($0.marker)") }
    }

    /// The ABIs that a host can run with what comes with Airlock.
    static let runnable: [PluginABI] =
        [.airlock, "wasi"] + ABIVersion.allCases.map(\.abi)

    private static func extism(_ modules: Set<String>) -> ABIFinding? {
        guard let module = modules.sorted().first(where: { $0.hasPrefix("extism:host/") }) else { return nil }
        return ABIFinding("extism", "imports from \(printable(module))")
    }

    private static func waPC(_ exports: Set<String>, _ modules: Set<String>, _ sections: Set<String>) -> ABIFinding? {
        if exports.contains("__guest_call") {
            return sections.contains("io.kubewarden.metadata")
                ? ABIFinding("kubewarden", "exports __guest_call and has Kubewarden's metadata")
                : ABIFinding("wapc", "exports __guest_call")
        }
        if sections.contains("io.kubewarden.metadata") {
            return ABIFinding("kubewarden", "has Kubewarden's metadata")
        }
        return modules.contains("wapc") ? ABIFinding("wapc", "imports from wapc") : nil
    }

    private static func openPolicyAgent(_ exports: Set<String>) -> ABIFinding? {
        exports.contains("opa_eval_ctx_new") || exports.contains("opa_wasm_abi_version")
            ? ABIFinding("opa", "exports the functions of a policy of Open Policy Agent") : nil
    }

    private static func wasi(_ exports: Set<String>, _ modules: Set<String>) -> ABIFinding? {
        let names = ["wasi_snapshot_preview1", "wasi_unstable"].filter(modules.contains)
        guard !names.isEmpty || exports.contains("_start") else { return nil }
        let kind =
            exports.contains("_start")
            ? "a command, by its export _start"
            : exports.contains("_initialize") ? "a reactor, by its export _initialize" : "neither command nor reactor"
        return ABIFinding("wasi", names.isEmpty ? kind : "imports from \(names.joined(separator: " and ")); \(kind)")
    }
}
