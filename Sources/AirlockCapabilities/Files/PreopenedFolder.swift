public import Airlock

/// A folder of the host that plugins may use, under a path of their own.
///
/// It is opened once, here: renaming it later changes nothing for the plugins, and a folder that takes its old path is not reached.
/// What a plugin names is looked up beneath it, with these rules:
/// - Symbolic links are never followed, wherever they lead. Plugins cannot make any.
/// - `..` takes back the name before it as text, and may not go up beyond the folder.
/// - Folders on other file systems, which were mounted beneath it, are not entered. A bind mount of a part of the same file system is.
/// - Only regular files and folders can be opened; devices, pipes and sockets cannot.
/// - A file with several names (hard links) can be read, whatever its other names are, and not written. Plugins cannot make any.
/// - A folder that the host moves out while a plugin uses it stays usable for that operation, or as long as the plugin holds it open.
public struct PreopenedFolder: Sendable {
    /// What a plugin may do in a folder. More may be added in a minor version.
    public struct Access: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// Read files, list folders.
        public static let readOnly = Access(description: "read-only")
        /// Also create, write, rename and remove.
        public static let readWrite = Access(description: "read-write")
    }

    /// The path that plugins know the folder by, such as `/data`.
    public let guestPath: String
    /// What they may do in it.
    public let access: Access

    let root: Folder
    /// The guest path as names.
    let mount: FilePath

    /// Opens a folder.
    /// - Parameters:
    ///   - hostPath: where it is; symbolic links on the way are followed, once.
    ///   - guestPath: the path that plugins know it by; `/` or `.` makes every path of a plugin lead into it.
    ///   - access: what they may do in it.
    /// - Throws: ``PluginError/Code/configuration`` where the folder cannot be opened or the guest path is not one.
    public init(_ hostPath: String, as guestPath: String, access: Access = .readOnly) throws(PluginError) {
        do throws(FileFailure) {
            mount = try FilePath(guestPath, isRooted: true)
        } catch {
            throw PluginError(
                .configuration, message: "the guest path '\(guestPath)' of a folder is not usable: it \(error.reason)")
        }
        do throws(FileFailure) {
            root = try Folder(host: hostPath)
        } catch {
            throw PluginError(
                .configuration, message: "the folder '\(hostPath)' could not be opened for plugins: \(error)")
        }
        self.guestPath = guestPath
        self.access = access
    }

    private init(_ root: Folder, mount: FilePath, access: Access) {
        guestPath = "/" + mount.names.joined(separator: "/")
        self.root = root
        self.mount = mount
        self.access = access
    }

    /// This folder, or one in it, with no more access than this one has.
    func narrowed(to path: FilePath, access: Access) throws(FileFailure) -> PreopenedFolder? {
        guard let rest = path.relative(to: mount) else { return nil }
        guard access == .readOnly || self.access == .readWrite else { throw .readOnly }
        return PreopenedFolder(try root.folder(at: rest), mount: path, access: access)
    }
}
