import Airlock
import Foundation
import Yams

/// Reads `signedBy` of a plugin: the keys of which one must have signed its module.
struct SignerReader {
    let folder: URL
    let log: MistakeLog

    /// `nil` without `signedBy`, and where it cannot be used, which is logged then.
    func read(_ plugin: SectionReader) -> Set<ModuleVerificationKey>? {
        guard let node = plugin.optional("signedBy") else { return nil }
        let items = plugin.list("signedBy", "a list of keys, each as text or as { file: PATH }")
        if case .sequence = node, items.isEmpty {
            log.add(node, key: plugin.key("signedBy"), "expected at least one key, found an empty list")
        }
        let keys = Set(items.compactMap { key($0.node, path: $0.path) })
        return keys.isEmpty ? nil : keys
    }

    private func key(_ node: Node, path: String) -> ModuleVerificationKey? {
        do throws(PluginError) {
            if let text = node.scalar?.string { return try ModuleVerificationKey(text: text) }
            guard let section = SectionReader(node, path: path, known: ["file"], log: log),
                let file = section.value("file", "the path of a public key", parse: { $0.isEmpty ? nil : $0 })
            else { return nil }
            return try ModuleVerificationKey(
                file: URL(fileURLWithPath: file, relativeTo: folder).standardizedFileURL.path)
        } catch {
            // What was found may be a secret.
            log.add(node, key: path, error.message)
            return nil
        }
    }
}
