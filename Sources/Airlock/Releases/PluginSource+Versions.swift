extension PluginSource {
    /// A folder of versions of one plugin, `FOLDER/1.10.0/plugin.wasm`, of which the greatest one counts at the moment that it is loaded; see
    /// ``PluginFolder``. A watched plugin is reloaded when another version is the greatest, also an older one where that was removed.
    public static func versions(in folder: String) -> PluginSource { PluginSource(.versions(folder)) }

    /// The same source with the file that it leads to now, where it is a folder of versions.
    func resolved() throws(PluginError) -> PluginSource {
        guard case .versions(let path) = origin else { return self }
        let folder = PluginFolder(versionsOf: defaultName, in: path)
        guard let newest = try folder.scan().first else {
            throw PluginError(
                .invalidModule,
                message: "the folder '\(folder.path)' has no version: expected 'VERSION/plugin.wasm' in it")
        }
        var source = self
        source.origin = .file(newest.path)
        return source
    }
}
