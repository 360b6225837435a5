/// What is kept of a version's manifest, so that the version can be decided on again after a restart.
package enum KeptManifest: Sendable, Hashable {
    /// It had none.
    case absent
    /// It is in the module.
    case module
    /// The service gave it in code, as it does after a restart.
    case given
    /// It was a file with this text.
    case file(path: String, text: String)

    /// How many bytes of text it is.
    var byteCount: Int {
        guard case .file(let path, let text) = self else { return 0 }
        return path.utf8.count + text.utf8.count
    }
}

/// A manifest, and what is to be kept of it.
struct FoundManifest: Sendable {
    let manifest: PluginManifest?
    let kept: KeptManifest
}

extension ManifestSource {
    /// The manifest of a version that was promoted before a restart.
    /// - Throws: ``PluginError/Code/manifest`` where it cannot be had again, or is refused by now.
    func recall(_ kept: KeptManifest, module bytes: [UInt8]) throws(PluginError) -> FoundManifest {
        // What the service says in code counts, as it does for every version.
        if case .manifest(let manifest) = self { return FoundManifest(manifest: manifest, kept: .given) }
        switch kept {
        case .absent: return FoundManifest(manifest: nil, kept: kept)
        case .module: return FoundManifest(manifest: try PluginManifest(moduleSectionOf: bytes), kept: kept)
        case .file(let path, let text):
            return FoundManifest(manifest: try PluginManifest(yaml: Array(text.utf8), file: path), kept: kept)
        case .given:
            throw PluginError(
                .manifest,
                message: "the promoted version was loaded with a manifest that the service gave, and it gives none now")
        }
    }
}
