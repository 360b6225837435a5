import Foundation
import Yams

extension GatewayConfiguration {
    /// Reads a YAML file. Paths of plugins are relative to the folder of the file.
    ///
    /// - Throws: ``ConfigurationError`` with every mistake found: the line, the key, what was expected and what came.
    public init(file: String) throws(ConfigurationError) {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ConfigurationError(
                file: file, mistakes: [.init(line: nil, key: "", message: "the file cannot be read")])
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw ConfigurationError(
                file: file, mistakes: [.init(line: nil, key: "", message: "expected text in UTF-8")])
        }
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
        try self.init(yaml: text, file: file, folder: folder.path)
    }

    /// Reads YAML text. `file` is used in errors only; paths of plugins are relative to `folder`.
    ///
    /// - Throws: ``ConfigurationError`` with every mistake found.
    public init(yaml: String, file: String, folder: String) throws(ConfigurationError) {
        let log = MistakeLog()
        guard let root = ConfigurationDocument.compose(yaml, log: log) else {
            throw ConfigurationError(file: file, mistakes: log.sorted)
        }
        let configuration = ConfigurationReader(folder: URL(fileURLWithPath: folder), log: log).read(root)
        guard let configuration, log.mistakes.isEmpty else {
            throw ConfigurationError(file: file, mistakes: log.sorted)
        }
        self = configuration
    }
}

/// The YAML document as nodes that know their lines.
enum ConfigurationDocument {
    /// `nil`, with the mistake logged, when the text is not one YAML document whose keys are unique.
    static func compose(_ yaml: String, log: MistakeLog) -> Node? {
        do {
            if let node = try Yams.compose(yaml: yaml) { return node }
            log.add(line: 1, key: "", "expected a mapping with the keys of the configuration, found an empty file")
        } catch YamlError.duplicatedKeysInMapping(let duplicates, let context) {
            for name in duplicates {
                log.add(
                    line: context.mark.line, key: name,
                    "expected each key once, found it more than once in the same mapping")
            }
        } catch YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _)
        {
            log.add(line: mark.line, key: "", "expected YAML: \(problem)")
        } catch {
            log.add(line: nil, key: "", "expected YAML: \(error)")
        }
        return nil
    }
}
