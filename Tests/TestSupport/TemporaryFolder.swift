import Foundation

/// A new folder for one test, which only its owner can use. It is removed with the object.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "airlock-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Where a name in the folder is.
    package func at(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a text into the file that has the name, or into a new one, and makes the folders on the way.
    package func write(_ text: String, to name: String) throws {
        let file = URL(filePath: at(name))
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    package func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: at(name))), as: UTF8.self)
    }

    package func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: at(name)) }

    package func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: at(name), withIntermediateDirectories: true)
    }

    /// Renames, and replaces what has the other name, as the system call does.
    package func move(_ name: String, to other: String) throws {
        // Safe: the paths are read during the call only.
        guard unsafe rename(at(name), at(other)) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
    }

    package func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: at(name), withDestinationPath: target)
    }

    package func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: at(name))
    }
}

/// Runs `body` with the path of a new folder, and removes the folder afterwards.
package func withTemporaryFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    return try await body(folder.path)
}
