/// A look at a folder of plugins: what is there, and what has to be watched to notice that it is not so any more.
struct FolderSurvey {
    /// Folders whose entries count.
    private(set) var folders: Set<String>
    /// Files that are, or would be, behind a symbolic link or in a version's folder.
    private(set) var files: Set<String> = []

    private let path: String
    private var found: [String: PluginFolder.Found] = [:]
    private var problem: PluginError?
    private var entriesLeft = PluginFolder.mostEntries

    init(_ surveyed: PluginFolder) {
        path = surveyed.path
        folders = [path]
        do {
            let folder = try OpenFile(path, .folder)
            if let plugin = surveyed.plugin {
                try lookForVersions(of: plugin, in: folder, at: path)
                return
            }
            for name in try names(in: folder) {
                // One that cannot be looked at must be watched, too.
                do { try look(at: name, in: folder) } catch { note(error) }
            }
        } catch {
            note(error)
        }
    }

    /// What was found, by name.
    func plugins() throws(PluginError) -> [PluginFolder.Found] {
        if let problem { throw problem }
        return found.values.sorted { $0.name < $1.name }
    }

    private mutating func look(at name: String, in folder: borrowing OpenFile) throws {
        guard let entry = try folder.facts(of: name, followsLinks: false) else { return }
        let isLink = entry.kind == .link
        let place = "\(path)/\(name)"
        if let plugin = Self.pluginName(name) {
            if isLink { files.insert(place) }
            let target = isLink ? try folder.facts(of: name, followsLinks: true) : entry
            guard let target, target.kind == .regular else { return }
            try add(
                .init(
                    name: plugin, version: nil, path: place, state: .init(target),
                    companions: companions(of: name, in: folder, at: path)))
        } else if isLink || entry.kind == .folder {
            folders.insert(place)
            guard try folder.facts(of: name, followsLinks: true)?.kind == .folder else { return }
            try lookForVersions(of: name, in: try folder.open(name, .folder), at: place)
        }
    }

    private mutating func lookForVersions(of plugin: String, in folder: borrowing OpenFile, at place: String) throws {
        let versions = try names(in: folder).map(VersionText.init)
        for version in versions.sorted(by: >) {
            let kind = try folder.facts(of: version.text, followsLinks: false)?.kind
            guard kind == .folder || kind == .link else { continue }
            // Smaller versions need no watch: they count when a greater one goes, and that is seen.
            let module = "\(version.text)/plugin.wasm"
            files.insert("\(place)/\(module)")
            guard let target = try folder.facts(of: module, followsLinks: true), target.kind == .regular else {
                continue
            }
            try add(
                .init(
                    name: plugin, version: version.text, path: "\(place)/\(module)", state: .init(target),
                    companions: companions(of: module, in: folder, at: place)))
            return
        }
    }

    /// The states of the files that a module's manifest and its signature are in, or would be.
    private mutating func companions(
        of module: String, in folder: borrowing OpenFile, at place: String
    ) -> [PluginFolder.Found.State?] {
        (ManifestSource.beside.files(for: module) + [module + ModuleBytes.signatureSuffix]).map { file in
            // A file in a folder that is watched is seen there. What cannot be looked at is found when the plugin is loaded.
            let isLink = (try? folder.facts(of: file, followsLinks: false))?.kind == .link
            if isLink || !folders.contains(place) || file.contains("/") { files.insert("\(place)/\(file)") }
            return (try? folder.facts(of: file, followsLinks: true)).map(PluginFolder.Found.State.init)
        }
    }

    private mutating func add(_ plugin: PluginFolder.Found) throws(PluginError) {
        if let other = found[plugin.name] {
            let paths = [other.path, plugin.path].sorted().map { "'\(LogText.make(Array($0.utf8)))'" }.joined(
                separator: " and ")
            throw refused(
                "two modules are named \(LogText.quoted(Array(plugin.name.utf8))): \(paths), expected one of them")
        }
        found[plugin.name] = plugin
    }

    /// The names in a folder that are not hidden or unfinished.
    private mutating func names(in folder: borrowing OpenFile) throws -> [String] {
        let names = try folder.names(atMost: entriesLeft + 1)
        guard names.count <= entriesLeft else {
            throw refused("it has more than \(PluginFolder.mostEntries) entries, expected at most so many")
        }
        entriesLeft -= names.count
        return names.filter { !Self.isPassing($0) }.sorted()
    }

    private mutating func note(_ error: any Error) {
        // The first one; there may be as many as entries.
        problem = problem ?? (error as? PluginError ?? refused("\(error)"))
    }

    private func refused(_ reason: String) -> PluginError {
        PluginError(.configuration, message: "the folder of plugins '\(path)' cannot be used: \(reason)")
    }

    // Bytes are compared: to a text's `hasSuffix`, a character can reach beyond the suffix.

    /// What the plugin is called whose module is a file of that name; nil where it is none.
    private static func pluginName(_ file: String) -> String? {
        let ending = ".wasm".utf8
        guard file.utf8.suffix(ending.count).elementsEqual(ending) else { return nil }
        return String(decoding: file.utf8.dropLast(ending.count), as: UTF8.self)
    }

    /// Whether something is hidden or not finished, as editors and copying programs name it.
    private static func isPassing(_ name: String) -> Bool {
        let bytes = name.utf8
        return bytes.first == 0x2E
            || ["~", ".tmp", ".new", ".part"].contains { bytes.suffix($0.utf8.count).elementsEqual($0.utf8) }
    }
}
