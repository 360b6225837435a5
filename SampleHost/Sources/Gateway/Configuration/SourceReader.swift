import Airlock
import AirlockHTTP
import Foundation
import Yams

/// Reads where the module of a plugin comes from, `path` or `url`, and what it must be.
struct SourceReader {
    /// What the keys say.
    struct Source {
        /// Without bytes where it is remote.
        var module: PluginSource
        var remote: RemoteSource?
    }

    static let keys = ["path", "url", "fetch", "sha256", "signedBy"]

    let folder: URL
    let log: MistakeLog

    /// `nil`, with the mistakes logged, when there is no place that it can come from.
    func read(_ plugin: SectionReader) -> Source? {
        let digest = digest(plugin)
        let signers = SignerReader(folder: folder, log: log).read(plugin)
        if !plugin.has("url"), let node = plugin.optional("fetch") {
            log.add(node, key: plugin.key("fetch"), "expected no fetch without url, found \(node.spoken)")
        }
        switch (plugin.has("path"), plugin.has("url")) {
        case (true, false):
            return file(plugin).map { Source(module: PluginSource($0, pinnedDigest: digest, signers: signers)) }
        case (false, true):
            let module = PluginSource(.bytes([]), pinnedDigest: digest, signers: signers)
            return remote(plugin, module).map { Source(module: module, remote: $0) }
        case (let hasBoth, _):
            log.add(
                plugin.node, key: plugin.path,
                hasBoth ? "expected either path or url, found both" : "expected path or url, found neither")
            return nil
        }
    }

    private func file(_ plugin: SectionReader) -> PluginSource.Origin? {
        let expected = "the path of a .wasm file, or of a folder of versions"
        guard let path = plugin.value("path", expected, parse: { $0.isEmpty ? nil : $0 }) else { return nil }
        let url = URL(fileURLWithPath: path, relativeTo: folder).standardizedFileURL
        let keys: Set<URLResourceKey> = [.isRegularFileKey, .isDirectoryKey]
        let values = try? url.resolvingSymlinksInPath().resourceValues(forKeys: keys)
        let isFolder = values?.isDirectory == true
        guard isFolder || values?.isRegularFile == true else {
            log.add(
                plugin.optional("path") ?? plugin.node, key: plugin.key("path"),
                "expected a .wasm file or a folder of versions, found none at \(url.path)")
            return nil
        }
        return isFolder ? .versions(url.path) : .file(url.path)
    }

    private func remote(_ plugin: SectionReader, _ module: PluginSource) -> RemoteSource? {
        guard let node = plugin.optional("url"), let source = fetch(plugin, node) else { return nil }
        do throws(RemoteModuleError) {
            _ = try source.module(
                of: module, signers: module.signers, atMost: ModuleBounds().moduleBytes, client: HTTPEgressClient())
            return source
        } catch {
            // What was found may have a secret in it.
            log.add(node, key: plugin.key("url"), error.message)
            return nil
        }
    }

    private func fetch(_ plugin: SectionReader, _ url: Node) -> RemoteSource? {
        guard let text = url.scalar?.string else {
            log.add(
                url, key: plugin.key("url"),
                "expected a URL such as https://plugins.example/auth.wasm, found \(url.spoken)")
            return nil
        }
        var source = RemoteSource(url: text)
        guard let node = plugin.optional("fetch") else { return source }
        let known = ["timeout", "redirects", "caFile"]
        guard let section = SectionReader(node, path: plugin.key("fetch"), known: known, log: log) else { return nil }
        let timeout = section.value("timeout", "a duration such as 10s or 1m", default: source.timeout) { text in
            ScalarFormats.duration(text).flatMap { $0 > .zero ? $0 : nil }
        }
        let redirects = section.value("redirects", "a number from 0 to 20", default: source.redirects) { text in
            Int(text).flatMap { (0...20).contains($0) ? $0 : nil }
        }
        if let node = section.optional("caFile") {
            let path = section.value("caFile", "the path of a PEM file with certificates") { $0.isEmpty ? nil : $0 }
            source.authorities = path.flatMap { authorities($0, at: node, key: section.key("caFile")) }
        }
        guard let timeout, let redirects else { return nil }
        source.timeout = timeout
        source.redirects = redirects
        return source
    }

    private func authorities(_ path: String, at node: Node, key: String) -> String? {
        let path = URL(fileURLWithPath: path, relativeTo: folder).standardizedFileURL.path
        do throws(GatewayError) {
            _ = try RemoteSource.client(trusting: path)
            return path
        } catch {
            log.add(node, key: key, "\(error)")
            return nil
        }
    }

    private func digest(_ plugin: SectionReader) -> String? {
        guard plugin.has("sha256") else { return nil }
        return plugin.value("sha256", "64 hexadecimal digits") { text in
            text.count == 64 && text.allSatisfy { $0.isASCII && $0.isHexDigit } ? text : nil
        }
    }
}
