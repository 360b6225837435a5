/// Where a module is, and what is beside it.
struct RemoteFiles: Sendable {
    let module: EgressURL
    let digest: EgressURL
    let signature: EgressURL

    init(_ text: String) throws(RemoteModuleError) {
        do {
            module = try EgressURL(text)
            digest = try module.appending(".sha256")
            signature = try module.appending(".sig")
        } catch {
            throw RemoteModuleError(
                .configuration, url: "the module's URL",
                message: "the module's URL is not taken: its \(error.part) \(error.reason)")
        }
    }

    /// Throws where there is no name that another one could be made of.
    func checkHasName() throws(RemoteModuleError) {
        guard !module.path.hasSuffix("/") else {
            throw RemoteModuleError(.configuration, module, "names no file, and so none beside it")
        }
    }
}

extension EgressURL {
    /// The target without its query.
    var path: Substring { target.prefix { $0 != "?" } }

    /// The URL without its query, which may be a secret.
    var withoutQuery: String { origin + path }

    fileprivate func appending(_ suffix: String) throws(URLRefusal) -> EgressURL {
        try EgressURL("\(origin)\(path)\(suffix)\(target[path.endIndex...])")
    }
}
