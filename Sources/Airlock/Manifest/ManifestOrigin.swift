/// Where the values of a manifest or a policy come from, for messages.
struct ManifestOrigin: Sendable, Hashable {
    /// A place in a text, counted from 1.
    struct Place: Sendable, Hashable {
        var line: Int
        var column: Int
    }

    /// The file, or what else the text was taken from; empty where values were made in code.
    var name = ""
    /// What errors are about: ``PluginError/Code/manifest`` or ``PluginError/Code/configuration``.
    var code = PluginError.Code.configuration
    /// Where each value stands, by its path.
    var places: [String: Place] = [:]
    /// Where the key of each value in a map stands, by the path of the value.
    var keys: [String: Place] = [:]

    /// An error about the value at `path`, with the place of the nearest one around it that has any.
    func error(at path: String, _ message: String) -> PluginError {
        var around = path[...]
        while places[String(around)] == nil, let end = around.lastIndex(where: { $0 == "." || $0 == "[" }) {
            around = around[..<end]
        }
        return error(at: places[String(around)] ?? places[""], message)
    }

    /// An error about a place in the text.
    func error(at place: Place?, _ message: String) -> PluginError {
        let parts = [name] + (place.map { ["\($0.line)", "\($0.column)"] } ?? [])
        let prefix = parts.filter { !$0.isEmpty }.joined(separator: ":")
        return PluginError(code, message: prefix.isEmpty ? message : "\(prefix): \(message)")
    }
}
