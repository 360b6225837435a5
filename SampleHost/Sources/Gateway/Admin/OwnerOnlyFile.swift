import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Reads files with secrets.
enum OwnerOnlyFile {
    /// - Throws: where it is not a regular file of this user or of root, or others may read or write it, or it is larger.
    static func read(_ path: String, atMost: Int) throws(AdminTokenError) -> Data {
        let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let facts = try FileFacts(path)
        // A pipe must not hold up the start.
        guard facts.isRegular else { throw AdminTokenError("expected a regular file, found something else") }
        guard facts.owner == Int(geteuid()) || facts.owner == 0 else {
            throw AdminTokenError("expected a file of this user or of root, found one of user \(facts.owner)")
        }
        guard facts.permissions & 0o077 == 0 else {
            let mode = String(facts.permissions & 0o777, radix: 8)
            throw AdminTokenError("expected a file for its owner only (chmod 600), found the permissions \(mode)")
        }
        let data = try? FileHandle(forReadingFrom: URL(fileURLWithPath: path)).read(upToCount: atMost + 1) ?? Data()
        guard let data, data.count <= atMost else {
            throw AdminTokenError("expected at most \(atMost) bytes, found more, or a file that cannot be read")
        }
        guard try FileFacts(path) == facts else {
            throw AdminTokenError("expected a file that is not exchanged while it is read")
        }
        return data
    }
}

/// What the system says of a file.
private struct FileFacts: Equatable {
    var number: Int
    var isRegular: Bool
    var owner: Int
    var permissions: Int

    init(_ path: String) throws(AdminTokenError) {
        let attributes: [FileAttributeKey: Any]
        do {
            attributes = try FileManager.default.attributesOfItem(atPath: path)
        } catch {
            throw AdminTokenError("expected a file that can be read: \(error.localizedDescription)")
        }
        func value(of key: FileAttributeKey) -> Int { (attributes[key] as? NSNumber)?.intValue ?? -1 }
        number = value(of: .systemFileNumber)
        isRegular = attributes[.type] as? FileAttributeType == .typeRegular
        owner = value(of: .ownerAccountID)
        permissions = value(of: .posixPermissions)
    }
}
