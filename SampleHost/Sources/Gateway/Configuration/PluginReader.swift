import Airlock
import AirlockProxyWasm
import Foundation
import Yams

/// Reads one entry of `plugins`, or of `services`.
struct PluginReader {
    let folder: URL
    let settings: FilterSettingsReader
    let log: MistakeLog

    /// `nil` when the entry has no name that routes could refer to; the plugin is `nil` when something else is wrong with it.
    func read(_ node: Node, path: String) -> (name: String, plugin: PluginConfiguration?)? {
        SectionReader(node, path: path, known: Self.keys, log: log).flatMap(read)
    }

    /// Reads one entry of `services`; as ``read(_:path:)``.
    func service(_ node: Node, path: String) -> (name: String, service: ServiceConfiguration?)? {
        guard let section = SectionReader(node, path: path, known: Self.keys + ["singleton"], log: log),
            let (name, plugin) = read(section)
        else { return nil }
        let singleton = section.flag("singleton")
        guard let plugin, let singleton else { return (name, nil) }
        return (name, ServiceConfiguration(plugin, singleton: singleton))
    }

    private static let keys = ["name", "abi"] + SourceReader.keys + FilterSettingsReader.keys

    private func read(_ section: SectionReader) -> (name: String, plugin: PluginConfiguration?)? {
        let name = section.value("name", "a name") { $0.isEmpty ? nil : $0 }
        _ = section.value("abi", "proxy-wasm", default: "proxy-wasm") { $0 == "proxy-wasm" ? $0 : nil }
        let source = SourceReader(folder: folder, log: log).read(section)
        let settings = settings.read(section, name: name, watched: section.has("url") ? .url : .file)
        guard let name else { return nil }
        guard let source, let settings else { return (name, nil) }
        let reloading = settings.reloading
        var plugin = PluginConfiguration(
            filter: settings.filter, watchesFile: reloading.watches, canary: reloading.canary)
        plugin.filter.source = source.module
        if var remote = source.remote {
            remote.interval = reloading.watches ? reloading.interval : nil
            if reloading.watches, source.module.pinnedDigest != nil {
                log.add(
                    section.optional("reload") ?? section.node, key: section.key("reload"),
                    "expected no watch beside url and sha256, since no other version can follow")
            }
            plugin.remote = remote
            plugin.watchesFile = false
        }
        return (name, plugin)
    }
}
