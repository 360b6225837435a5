import Airlock
import AirlockProxyWasm
import Foundation
import Yams

/// The policies that a configuration names, each file read once, so that the filters under it share its quotas.
final class FilterPolicies {
    private enum Outcome {
        case policy(PluginPolicy)
        case mistake(String)
    }

    private static let reader = PolicyReader(capabilities: [
        ProxyWasmABI.id: { (fields) throws(PluginError) in try ProxyWasmABI(policy: &fields) }
    ])

    private let folder: URL
    private let log: MistakeLog
    private var outcomes: [String: Outcome] = [:]

    init(folder: URL, log: MistakeLog) {
        self.folder = folder
        self.log = log
    }

    /// The policy that a section names under `policy`; nil without one, and where it has a mistake, which is logged then.
    func policy(_ section: SectionReader) -> PluginPolicy? {
        guard let node = section.optional("policy"),
            let path = section.value("policy", "the path of a policy file", parse: { $0.isEmpty ? nil : $0 })
        else { return nil }
        let file = URL(fileURLWithPath: path, relativeTo: folder).standardizedFileURL.path
        let outcome = outcomes[file] ?? read(file)
        outcomes[file] = outcome
        switch outcome {
        case .policy(let policy): return policy
        case .mistake(let message):
            log.add(node, key: section.key("policy"), message)
            return nil
        }
    }

    private func read(_ file: String) -> Outcome {
        do throws(PluginError) {
            return .policy(try Self.reader.read(file: file))
        } catch {
            return .mistake(error.message)
        }
    }
}
