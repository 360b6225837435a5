/// One entry of `/plugins`.
struct PluginStatus: Sendable, Encodable {
    let name: String
}
