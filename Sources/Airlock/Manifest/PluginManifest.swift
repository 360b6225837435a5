/// What a plugin says about itself and asks of its host, in YAML:
///
///     name: cart-notes
///     version: "1.4.0"
///     abi: airlock
///     sha256: 5b1f…                       # of the module; 64 hexadecimal digits
///     capabilities:
///       - id: airlock:kv
///         reason: keeps the notes of a cart
///         with: { namespace: notes, bytes: 1 MiB }
///       - id: airlock:clock
///         optional: true
///     limits:
///       fuel: 5000000
///       deadline: 50 ms
///       memory: 8 MiB
///
/// All of it is a claim: a ``PluginPolicy`` decides. Only `name` must be there.
public struct PluginManifest: Sendable, Hashable {
    /// The plugin's name for itself.
    public var name: String
    /// Its version, in whatever form its author numbers versions; empty where it says none.
    public var version: String
    /// What it does, for people; empty where it does not say.
    public var description: String
    /// The ABI that it is written for, or nil where it does not say.
    public var abi: PluginABI?
    /// The SHA-256 of the module's bytes in lower-case hexadecimal, or nil where it does not say.
    public var digest: String?
    /// The capabilities that it asks for, each once.
    public var wishes: [CapabilityWish]
    /// The limits that it asks for.
    public var limits: LimitWishes

    /// The name of a module's custom section that holds a manifest as YAML.
    public static let sectionName = "airlock.manifest"

    /// Makes a manifest.
    public init(
        name: String,
        version: String = "",
        description: String = "",
        abi: PluginABI? = nil,
        digest: String? = nil,
        wishes: [CapabilityWish] = [],
        limits: LimitWishes = LimitWishes()
    ) {
        self.name = name
        self.version = version
        self.description = description
        self.abi = abi
        self.digest = digest
        self.wishes = wishes
        self.limits = limits
    }

    /// Reads a manifest of at most 64 KiB of YAML: one document without anchors, aliases and tags, no key twice, no unknown keys,
    /// not nested deeper than 16 levels, with at most 100 capabilities.
    /// - Parameter file: what messages call the text.
    /// - Throws: ``PluginError/Code/manifest`` for the first mistake, with file, line and column, what was expected and what came.
    public init(yaml bytes: [UInt8], file: String = "plugin.yaml") throws(PluginError) {
        let (values, origin) = try ManifestText().read(bytes, name: file, code: .manifest)
        self = try ManifestFields.read(values, path: "", origin: origin) { (fields) throws(PluginError) in
            try PluginManifest(&fields, origin)
        }
    }

    private init(_ fields: inout ManifestFields, _ origin: ManifestOrigin) throws(PluginError) {
        guard let name = try fields.text("name") else {
            throw fields.missing("name", expected: "the plugin's name")
        }
        guard Self.isName(name) else {
            throw fields.wrong("name", expected: "1 to 100 letters, digits, '.', '_', '-' and '/' of ASCII")
        }
        self.name = name
        version = try fields.text("version") ?? ""
        guard version.utf8.count <= 100 else { throw fields.wrong("version", expected: "at most 100 bytes") }
        description = try fields.text("description") ?? ""
        abi = try fields.text("abi").map(PluginABI.init(_:))
        digest = try fields.digest("sha256")
        limits = try fields.map("limits") { (limits) throws(PluginError) in try LimitWishes(&limits) } ?? LimitWishes()
        wishes = []
        let wishes = try fields.maps("capabilities", CapabilityWish.init) ?? []
        // Each is compared with those before it.
        guard wishes.count <= Self.mostWishes else {
            throw fields.wrong("capabilities", expected: "at most \(Self.mostWishes) capabilities")
        }
        for (index, wish) in wishes.enumerated() {
            guard !self.wishes.contains(where: { $0.capability == wish.capability }) else {
                throw fields.wrong("capabilities", item: index, expected: "each capability once")
            }
            self.wishes.append(wish.standing(at: "\(fields.place("capabilities"))[\(index)].with", in: origin))
        }
    }

    private static let mostWishes = 100

    private static func isName(_ text: String) -> Bool {
        (1...100).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                        || "._-/".unicodeScalars.contains($0))
            }
    }
}

extension CapabilityWish {
    fileprivate init(_ fields: inout ManifestFields) throws(PluginError) {
        guard let id = try fields.text("id") else {
            throw fields.missing("id", expected: "a capability such as airlock:log")
        }
        let parameters: [String: ManifestValue]
        switch fields.value("with") {
        case nil: parameters = [:]
        case .map(let map): parameters = map
        default: throw fields.wrong("with", expected: "a map of parameters")
        }
        self.init(
            CapabilityID(id),
            reason: try fields.text("reason") ?? "",
            isRequired: try !(fields.boolean("optional") ?? false),
            parameters: parameters
        )
    }

    fileprivate func standing(at path: String, in origin: ManifestOrigin) -> CapabilityWish {
        var wish = self
        wish.path = path
        wish.origin = origin
        return wish
    }
}

extension ManifestFields {
    /// A SHA-256 in hexadecimal, in lower case.
    mutating func digest(_ key: String) throws(PluginError) -> String? {
        guard let text = try text(key) else { return nil }
        guard let digest = Self.digest(text) else { throw wrong(key, expected: "a SHA-256: 64 hexadecimal digits") }
        return digest
    }

    static func digest(_ text: String) -> String? {
        let isHexadecimal = text.utf8.allSatisfy { "0123456789abcdefABCDEF".utf8.contains($0) }
        return text.utf8.count == 64 && isHexadecimal ? text.lowercased() : nil
    }
}
