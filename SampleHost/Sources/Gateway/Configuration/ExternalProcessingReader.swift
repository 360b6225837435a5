import Foundation
import Yams

/// Reads `externalProcessing`: where Envoys connect, and the filters that their traffic goes through.
struct ExternalProcessingReader {
    let folder: URL
    let routes: RouteReader
    let log: MistakeLog

    /// `nil` without `externalProcessing`, and, with the mistakes logged, when it cannot be used.
    func read(_ top: SectionReader) -> ExternalProcessingConfiguration? {
        let name = "externalProcessing"
        let known = ["listen", "tls", "filters", "chains", "messageSize", "streams", "deadline"]
        guard let node = top.optional(name), let section = SectionReader(node, path: name, known: known, log: log)
        else { return nil }
        let address = section.value("listen", "an address such as 127.0.0.1:8082 with a port from 0 to 65535") {
            ListenAddress($0)
        }
        let chains = chains(section)
        if chains == nil {
            _ = section.required("filters", "a list of plugin names, or chains: a mapping from names to such lists")
        }
        let tls = tls(section)
        guard let address else { return nil }
        var processing = ExternalProcessingConfiguration(
            listen: address, tls: tls, filters: filters(section, "filters"), chains: chains ?? [:])
        processing.messageSize =
            section.value("messageSize", "a size from 64KiB to 1GiB", default: processing.messageSize) {
                ScalarFormats.bytes($0).flatMap { (64 << 10...1 << 30).contains($0) ? $0 : nil }
            } ?? processing.messageSize
        processing.streams =
            section.value("streams", "a number from 1 to 1000000", default: processing.streams) {
                Int($0).flatMap { (1...1_000_000).contains($0) ? $0 : nil }
            } ?? processing.streams
        processing.deadline =
            section.value("deadline", "a duration such as 30s, 2m or 1h", default: processing.deadline) {
                ScalarFormats.duration($0).flatMap { $0 > .zero ? $0 : nil }
            } ?? processing.deadline
        return processing
    }

    /// Nil without it, and, with the mistakes logged, where it cannot be used.
    private func tls(_ section: SectionReader) -> ExternalProcessingTLS? {
        let known = ["certificateFile", "keyFile", "clientCAFile"]
        guard let node = section.optional("tls"),
            let files = SectionReader(node, path: section.key("tls"), known: known, log: log)
        else { return nil }
        func path(_ name: String) -> String? {
            files.value(name, "the path of a PEM file") { text in
                text.isEmpty ? nil : URL(fileURLWithPath: text, relativeTo: folder).standardizedFileURL.path
            }
        }
        let (certificate, key) = (path("certificateFile"), path("keyFile"))
        let authorities = files.has("clientCAFile") ? path("clientCAFile") : nil
        guard let certificate, let key else { return nil }
        let tls = ExternalProcessingTLS(certificateFile: certificate, keyFile: key, clientCAFile: authorities)
        for mistake in tls.mistakes {
            log.add(files.optional(mistake.key) ?? node, key: files.key(mistake.key), mistake.reason)
        }
        return tls
    }

    /// The names of plugins under a key, at least one where the key is there.
    private func filters(_ section: SectionReader, _ key: String) -> [String] {
        if let node = section.optional(key), case .sequence(let names) = node, names.isEmpty {
            log.add(node, key: section.key(key), "expected at least one plugin, found an empty list")
        }
        return routes.filters(section, key)
    }

    /// Nil without any.
    private func chains(_ section: SectionReader) -> [String: [String]]? {
        guard let node = section.optional("chains") else { return nil }
        guard case .mapping(let mapping) = node, !mapping.isEmpty else {
            log.add(
                node, key: section.key("chains"),
                "expected a mapping from names to lists of plugin names, found \(node.spoken)")
            return [:]
        }
        let names = mapping.map(\.key).compactMap(\.string)
        guard let chains = SectionReader(node, path: section.key("chains"), known: names, log: log) else { return [:] }
        return Dictionary(names.map { ($0, filters(chains, $0)) }) { first, _ in first }
    }
}
