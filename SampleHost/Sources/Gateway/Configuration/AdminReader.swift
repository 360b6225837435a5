import Foundation
import Yams

/// Reads `admin`: a loopback address, or a mapping with the address and a file with a token.
struct AdminReader {
    let folder: URL
    let log: MistakeLog

    /// `nil` without `admin`, and, with the mistakes logged, when it cannot be used.
    func read(_ top: SectionReader) -> AdminConfiguration? {
        guard let node = top.optional("admin") else { return nil }
        guard case .mapping = node else {
            guard let address = address(top, "admin") else { return nil }
            return checked(AdminConfiguration(listen: address), at: node, key: "admin")
        }
        guard let section = SectionReader(node, path: "admin", known: ["listen", "tokenFile"], log: log) else {
            return nil
        }
        let address = address(section, "listen")
        let hasToken = section.has("tokenFile")
        let token = hasToken ? token(section) : nil
        guard let address, (token != nil) == hasToken else { return nil }
        let admin = AdminConfiguration(listen: address, token: token)
        return checked(admin, at: section.optional("listen") ?? node, key: section.key("listen"))
    }

    private func address(_ section: SectionReader, _ name: String) -> ListenAddress? {
        section.value(name, "an address such as 127.0.0.1:8081 with a port from 0 to 65535") { ListenAddress($0) }
    }

    private func token(_ section: SectionReader) -> AdminToken? {
        guard
            let path = section.value("tokenFile", "the path of a file with a token", parse: { $0.isEmpty ? nil : $0 }),
            let node = section.optional("tokenFile")
        else { return nil }
        do {
            return try AdminToken(file: URL(fileURLWithPath: path, relativeTo: folder).standardizedFileURL.path)
        } catch {
            log.add(node, key: section.key("tokenFile"), "\(error)")
            return nil
        }
    }

    private func checked(_ admin: AdminConfiguration, at node: Node, key: String) -> AdminConfiguration? {
        guard admin.listen.isLoopback || admin.token != nil else {
            log.add(
                node, key: key,
                "expected a loopback address such as 127.0.0.1:8081, or { listen: ADDRESS, tokenFile: PATH }, found "
                    + node.spoken)
            return nil
        }
        return admin
    }
}
