import FoundationEssentials

/// A folder of plugins. Each is a file, or a folder of versions of which the greatest one counts:
///
///     plugins/cart.wasm                   the plugin `cart`
///     plugins/search/1.9.0/plugin.wasm
///     plugins/search/1.10.0/plugin.wasm   the plugin `search`, version `1.10.0`
///
/// A manifest (``ManifestSource/beside``) and a signature beside a module belong to it: one that is written anew is a change of the plugin.
///
/// A version's folder without a `plugin.wasm` does not count. Versions are compared part by part between their dots: as numbers where both
/// are numbers, else by their bytes; a number is greater than what is none, and what is missing is 0. A `v` before the first digit does
/// not count. So `1.10` is greater than `1.9`, `v2` than `1.9.9`, and `1.2.0` than `1.2.0-rc1`.
///
/// Symbolic links are followed, those to nowhere do not count. What is neither form is ignored, and so are names that begin with a dot,
/// names that end as those of unfinished files do (`~`, `.tmp`, `.new`, `.part`), and names that are not UTF-8. Whoever may write
/// the folder decides what runs.
///
/// ## Topics
/// ### Looking at it
/// - ``scan()``
/// - ``Found``
/// ### Loading what is in it
/// - ``PluginHost/loadPlugins(in:removed:debounce:_:)``
/// ### Following it
/// - ``changes(on:debounce:)``
/// - ``Change``
/// - ``Difference``
public struct PluginFolder: Sendable, Hashable {
    /// A plugin in the folder.
    public struct Found: Sendable, Hashable {
        /// The plugin's name: that of its file without `.wasm`, or that of the folder of its versions.
        public let name: String
        /// The name of the version's folder; nil for a plugin that is a file.
        public let version: String?
        /// Where the module is: the folder's path and the names below it, with links as they are.
        public let path: String
        /// Tells one state of the file from another without reading it.
        let state: State
        /// The same of the files that its manifest and its signature are in, or would be.
        let companions: [State?]

        /// Where the module is, to be loaded.
        public var source: PluginSource { .file(path) }

        struct State: Sendable, Hashable {
            let device: UInt64
            let inode: UInt64
            let size: Int
            let modified: Int64
            let changed: Int64

            init(_ facts: FileFacts) {
                device = facts.device
                inode = facts.inode
                size = facts.size
                modified = facts.modified
                changed = facts.changed
            }
        }
    }

    /// The most entries that the folder and the folders of versions in it may have together.
    public static let mostEntries = 10_000

    /// The folder's path, from the root.
    public let path: String

    /// The plugin whose versions are in the folder; nil where the folder has plugins.
    public let plugin: String?

    /// Names a folder of plugins, which need not exist. A relative path is taken from the working directory as it is now.
    public init(_ path: String) { self.init(path, of: nil) }

    /// Names a folder of the versions of one plugin, `path/1.10.0/plugin.wasm`. All else is as for a folder of plugins with that one in it.
    public init(versionsOf plugin: String, in path: String) { self.init(path, of: plugin) }

    private init(_ path: String, of plugin: String?) {
        self.plugin = plugin
        let isRelative = !path.isEmpty && !path.hasPrefix("/")
        var whole = isRelative ? "\(FileManager.default.currentDirectoryPath)/\(path)" : path
        while whole.utf8.count > 1, whole.utf8.last == 0x2F { whole.removeLast() }
        self.path = whole
    }

    /// The plugins that are in the folder now, by name. It waits for the disk, and opens no module.
    /// - Throws: ``PluginError/Code/configuration`` where the folder or one in it cannot be read, has more than ``mostEntries``, or where
    ///   two files or folders stand for one name.
    public func scan() throws(PluginError) -> [Found] {
        try FolderSurvey(self).plugins()
    }

    /// What became of the plugins of a folder from one scan to another. Each list is in the order of names.
    public struct Difference: Sendable, Hashable {
        /// Plugins that were not there.
        public let added: [Found]
        /// Plugins, as they are now, whose module is in another place, or whose module, manifest or signature was written anew.
        public let changed: [Found]
        /// Plugins, as they were, that are not there any more.
        public let removed: [Found]

        /// Whether nothing changed.
        public var isEmpty: Bool { added.isEmpty && changed.isEmpty && removed.isEmpty }

        /// Compares two scans.
        public init(from old: [Found], to new: [Found]) {
            let before = Dictionary(old.map { ($0.name, $0) }) { $1 }
            let after = Set(new.map(\.name))
            added = new.filter { before[$0.name] == nil }
            changed = new.filter { found in before[found.name].map { $0 != found } ?? false }
            removed = old.filter { !after.contains($0.name) }
        }
    }
}
