import FoundationEssentials

#if canImport(Darwin)
import Darwin
#endif

/// Finds the executable of the compiler process.
enum CompilerExecutable {
    static let name = "airlock-compiler"

    /// The executable that was named, or the one in the folder of the host's own.
    /// - Throws: ``PluginError/Code/compilation`` where there is none.
    static func find(_ named: String?) throws(PluginError) -> String {
        guard let path = named ?? beside else {
            throw PluginError(
                .compilation,
                message: "the folder of the host's executable, in which \(name) is looked for, could not be found out"
            )
        }
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw PluginError(
                .compilation,
                message: """
                    there is no executable '\(path)' to compile the module with; build the product \(name) and put it there, or say \
                    where it is, or that modules are compiled in the host's process, in the compilation policy
                    """
            )
        }
        return path
    }

    /// Where it lies if it was built or installed together with the host.
    private static var beside: String? {
        guard let host = hostExecutable, let slash = host.lastIndex(of: "/") else { return nil }
        return host[...slash] + name
    }

    /// The file that this process runs, with symbolic links resolved.
    private static var hostExecutable: String? {
        #if canImport(Darwin)
        var size = UInt32(PATH_MAX)
        var path = [CChar](repeating: 0, count: Int(size))
        // Safe: no more than `size` bytes are written, and the text ends with a zero.
        guard unsafe _NSGetExecutablePath(&path, &size) == 0 else { return nil }
        let bytes = path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return URL(filePath: String(decoding: bytes, as: UTF8.self)).resolvingSymlinksInPath().path
        #else
        return try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        #endif
    }
}
