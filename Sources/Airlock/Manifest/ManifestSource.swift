/// Where a plugin's manifest is.
public enum ManifestSource: Sendable, Hashable {
    /// Where manifests usually are: for a module `cart.wasm`, the file `cart.plugin.yaml` in the same folder, or else `plugin.yaml`
    /// there, or else the module's custom section ``PluginManifest/sectionName``. Files win, because whoever installs the plugin
    /// can write them. A module that is not a file can only have the section.
    case beside
    /// A file.
    case file(String)
    /// This one.
    case manifest(PluginManifest)
}

extension ManifestSource {
    /// Reads the manifest; nil where there is none.
    /// - Parameter path: the module's file, if it has one.
    /// - Throws: ``PluginError/Code/manifest`` where there is one that cannot be read or has mistakes.
    public func read(for path: String?, module bytes: [UInt8]) throws(PluginError) -> PluginManifest? {
        try find(for: path, module: bytes).manifest
    }

    /// Reads the manifest, and says what is to be kept of it.
    func find(for path: String?, module bytes: [UInt8]) throws(PluginError) -> FoundManifest {
        switch self {
        case .manifest(let manifest): return FoundManifest(manifest: manifest, kept: .given)
        case .file(let path):
            guard let found = try Self.read(path) else {
                throw PluginError(.manifest, message: "expected a manifest at '\(path)', but there is no file")
            }
            return found
        case .beside:
            for place in path.map(Self.places(beside:)) ?? [] {
                if let found = try Self.read(place) { return found }
            }
            let manifest = try PluginManifest(moduleSectionOf: bytes)
            return FoundManifest(manifest: manifest, kept: manifest == nil ? .absent : .module)
        }
    }

    /// The files that a manifest is looked for in, whether they are there or not.
    /// - Parameter path: the module's file.
    func files(for path: String) -> [String] {
        switch self {
        case .beside: Self.places(beside: path)
        case .file(let path): [path]
        case .manifest: []
        }
    }

    private static func places(beside path: String) -> [String] {
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        let file = path.dropFirst(folder.count)
        let name = file.hasSuffix(".wasm") ? file.dropLast(5) : file
        return ["\(folder)\(name).plugin.yaml", "\(folder)plugin.yaml"]
    }

    /// The manifest in a file; nil where there is no file.
    private static func read(_ path: String) throws(PluginError) -> FoundManifest? {
        guard let bytes = try ManifestText().bytes(of: path, code: .manifest) else { return nil }
        // It is read only if it is UTF-8, so that nothing of it is lost as text.
        let manifest = try PluginManifest(yaml: bytes, file: path)
        return FoundManifest(manifest: manifest, kept: .file(path: path, text: String(decoding: bytes, as: UTF8.self)))
    }
}

extension ManifestText {
    /// The bytes of a file, and one more than the text may have where it is longer; nil where there is no file.
    func bytes(of path: String, code: PluginError.Code) throws(PluginError) -> [UInt8]? {
        do {
            let file = try OpenFile(path, .read)
            guard try file.facts().kind == .regular else {
                throw PluginError(code, message: "expected YAML at '\(path)', which is not a regular file")
            }
            return try file.read(atMost: mostBytes + 1)
        } catch let error as PluginError {
            throw error
        } catch let failure as FileFailure where failure.isAbsence {
            return nil
        } catch {
            throw PluginError(code, message: "\(error)")
        }
    }
}

extension PluginManifest {
    /// Reads the manifest that a module has in its custom section ``sectionName``; nil where it has none.
    /// - Throws: ``PluginError/Code/manifest`` where it has several, or one with mistakes, and ``PluginError/Code/invalidModule`` where the
    ///   bytes are not a module.
    public init?(moduleSectionOf bytes: [UInt8]) throws(PluginError) {
        let sections: [ArraySlice<UInt8>]
        do {
            sections = try ModuleContents.customSections(named: Self.sectionName, in: bytes)
        } catch {
            throw PluginError(error, plugin: "")
        }
        guard let section = sections.first else { return nil }
        guard sections.count == 1 else {
            throw PluginError(
                .manifest,
                message: "the module has \(sections.count) custom sections '\(Self.sectionName)', expected at most one"
            )
        }
        let most = ManifestText().mostBytes
        try self.init(yaml: Array(section.prefix(most + 1)), file: Self.sectionName)
    }
}
