import Airlock
import AirlockProxyWasm
import Foundation
import Yams

/// Reads `pluginFolder`: a folder of filters that are all loaded.
struct PluginFolderReader {
    private static let keys = ["signedBy"] + FilterSettingsReader.keys

    let folder: URL
    let settings: FilterSettingsReader
    let log: MistakeLog

    /// `nil` without `pluginFolder`, and, with the mistakes logged, when it cannot be used.
    /// - Parameter plugins: the names of the entries of `plugins`.
    /// - Returns: The folder, and the names of the filters that are in it now.
    func read(_ top: SectionReader, beside plugins: [String]) -> (folder: PluginFolderConfiguration?, names: [String]) {
        guard let node = top.optional("pluginFolder") else { return (nil, []) }
        let known = ["path", "removed"] + Self.keys + ["filters"]
        guard let section = SectionReader(node, path: "pluginFolder", known: known, log: log) else { return (nil, []) }
        let (path, names) = place(section, beside: plugins)
        let removed = section.value("removed", "keep or unload", default: RemovedPlugin.goesOn) { text in
            ["keep": .goesOn, "unload": .isUnloaded][text]
        }
        guard let common = filter(section, name: nil) else { return (nil, names) }
        let filters = filters(section)
        guard let path, let removed else { return (nil, names) }
        return (PluginFolderConfiguration(path: path, removed: removed, common: common, filters: filters), names)
    }

    private func place(_ section: SectionReader, beside plugins: [String]) -> (path: String?, names: [String]) {
        guard let path = section.value("path", "the path of a folder of filters", parse: { $0.isEmpty ? nil : $0 }),
            let node = section.optional("path")
        else { return (nil, []) }
        let place = URL(fileURLWithPath: path, relativeTo: folder).standardizedFileURL.path
        do throws(PluginError) {
            let found = try PluginFolder(place).scan()
            for found in found where plugins.contains(found.name) {
                log.add(
                    node, key: section.key("path"),
                    "expected other names than those of plugins, found \"\(found.name)\" at \(found.path)")
            }
            return (place, found.map(\.name))
        } catch {
            log.add(node, key: section.key("path"), error.message)
            return (nil, [])
        }
    }

    /// Reads what is other for single filters. They need not be in the folder yet.
    private func filters(_ section: SectionReader) -> [String: PluginConfiguration] {
        guard let node = section.optional("filters") else { return [:] }
        let path = section.key("filters")
        guard case .mapping(let mapping) = node else {
            log.add(
                node, key: path, "expected a mapping from names to what is other for a filter, found \(node.spoken)")
            return [:]
        }
        var filters: [String: PluginConfiguration] = [:]
        for (key, value) in mapping {
            guard let name = key.string, !name.isEmpty else {
                log.add(key, key: path, "expected the name of a filter, found \(key.spoken)")
                continue
            }
            let own = SectionReader(value, path: "\(path).\(name)", known: Self.keys, log: log)
            filters[name] = own.flatMap { filter($0.falling(backTo: section), name: name) }
        }
        return filters
    }

    private func filter(_ section: SectionReader, name: String?) -> PluginConfiguration? {
        let signers = SignerReader(folder: folder, log: log).read(section)
        guard let settings = settings.read(section, name: name, watched: .folder) else { return nil }
        var plugin = PluginConfiguration(filter: settings.filter, canary: settings.reloading.canary)
        plugin.filter.source.signers = signers
        return plugin
    }
}
