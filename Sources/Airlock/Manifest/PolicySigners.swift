/// The keys that a policy file names, and whose modules must be signed by which.
///
///     signedBy: [{ file: release.pub }, b1946ac9…]
///     plugins:
///       nightly-report: { signedBy: [{ file: /etc/keys/batch.pub }] }
struct PolicySigners {
    /// Whose signature is demanded of plugins for which nothing else is said.
    let common: Set<ModuleVerificationKey>?
    /// The same of single plugins, by the name that the host gives them.
    private(set) var byPlugin: [String: Set<ModuleVerificationKey>] = [:]

    private let folder: String

    /// Reads `signedBy`.
    /// - Parameter folder: where relative paths of files begin, with a slash at its end; empty for the working directory.
    init(policy fields: inout ManifestFields, folder: String) throws(PluginError) {
        self.folder = folder
        common = try fields.verificationKeys("signedBy", folder: folder)
    }

    /// Reads the same of a plugin; `false` where it says nothing.
    mutating func read(_ plugin: String, _ fields: inout ManifestFields) throws(PluginError) -> Bool {
        byPlugin[plugin] = try fields.verificationKeys("signedBy", folder: folder)
        return byPlugin[plugin] != nil
    }
}

extension ManifestFields {
    /// At least one key, each as text or as a file.
    fileprivate mutating func verificationKeys(
        _ key: String, folder: String
    ) throws(PluginError) -> Set<ModuleVerificationKey>? {
        guard let value = value(key) else { return nil }
        guard case .list(let items) = value, !items.isEmpty else {
            // What was written may be a secret.
            let expected = "a list of at least one key, each as text or as { file: PATH }"
            throw origin.error(at: place(key), "\(place(key)): expected \(expected)")
        }
        var keys: Set<ModuleVerificationKey> = []
        for (index, item) in items.enumerated() {
            let place = "\(place(key))[\(index)]"
            do throws(PluginError) {
                switch item {
                case .text(let text): keys.insert(try ModuleVerificationKey(text: text))
                case .map(let map) where map.count == 1:
                    guard case .text(let path)? = map["file"], !path.isEmpty else { fallthrough }
                    keys.insert(try ModuleVerificationKey(file: path.hasPrefix("/") ? path : folder + path))
                default: throw PluginError(.configuration, message: "expected a key as text or as { file: PATH }")
                }
            } catch {
                throw origin.error(at: place, "\(place): \(error.message)")
            }
        }
        return keys
    }
}
