public import Airlock
public import Logging

/// In a manifest, a plugin names the parts that it wants, each with the parameters of that capability or with `true`; those that are not
/// named it does not get. A wish without parameters asks for all.
///
///     clock: true
///     log: {level: warning}
///     files: {folders: [{path: /data}]}
///
/// In a policy, each part that is given is named with the parameters that its capability has there, and `arguments` is a list of texts.
extension WASI: AttenuableCapability {
    /// Reads a grant from a policy.
    /// - Parameter logger: where standard output and error go.
    public init(
        policy fields: inout ManifestFields,
        to logger: Logger = Logger(label: "airlock.plugins")
    ) throws(PluginError) {
        self.init(
            arguments: try fields.texts("arguments") ?? [],
            environment: try fields.map("environment") { (part) throws(PluginError) in try Environment(policy: &part) },
            clock: try fields.map("clock") { (part) throws(PluginError) in try Clock(policy: &part) },
            randomness: try fields.map("randomness") { (part) throws(PluginError) in try Randomness(policy: &part) },
            log: try fields.map("log") { (part) throws(PluginError) in try Logging(policy: &part, to: logger) },
            files: try fields.map("files") { (part) throws(PluginError) in try FileAccess(policy: &part) }
        )
    }

    public func attenuated(to wish: CapabilityWish) throws(PluginError) -> WASI {
        guard !wish.parameters.isEmpty else { return self }
        return try wish.read { (fields) throws(PluginError) in
            WASI(
                arguments: arguments,
                environment: try fields.part("environment", of: environment),
                clock: try fields.part("clock", of: clock),
                randomness: try fields.part("randomness", of: randomness),
                log: try fields.part("log", of: log),
                files: try fields.part("files", of: files)
            )
        }
    }

    public var summary: String {
        let parts = [
            files.map { "files: \($0.summary)" }, log.map { "log: \($0.summary)" },
            clock.map { "clock: \($0.summary)" },
            randomness.map { "randomness: \($0.summary)" }, environment.map { "environment: \($0.summary)" },
        ]
        .compactMap(\.self)
        return parts.isEmpty ? "no part of it" : parts.joined(separator: "; ")
    }
}

extension ManifestFields {
    /// As much of a part as a wish asks for; nil where it does not ask, or nothing is given.
    fileprivate mutating func part<Part: AttenuableCapability>(
        _ key: String, of granted: Part?
    ) throws(PluginError) -> Part? {
        switch value(key) {
        case nil, .boolean(false): return nil
        case .boolean(true): return granted
        case .map(let parameters): return try granted?.attenuated(to: CapabilityWish(Part.id, parameters: parameters))
        default: throw wrong(key, expected: "true or a map")
        }
    }
}
