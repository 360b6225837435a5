/// The named values of one map in a manifest or a policy, read one by one with their types.
///
/// Each method answers nil where the key is absent and throws where the value is not what it should be; the message names file, line and
/// path, what was expected and what came. Keys that nothing asked for are refused at the end, with the nearest name that was:
///
///     init(policy fields: inout ManifestFields) throws(PluginError) {
///         bytesPerCall = try fields.byteCount("bytesPerCall", in: 0...1 << 20) ?? 16 << 10
///         level = try fields.choice("level", of: ["debug": .debug, "info": .info]) ?? .info
///         rules = try fields.maps("rules") { (rule) throws(PluginError) in
///             guard let host = try rule.text("host") else { throw rule.missing("host", expected: "a host name") }
///             return Rule(host: host)
///         } ?? []
///     }
///
/// A capability reads its part of a policy in an initialiser like that one, which takes the objects of the embedder that it needs as
/// further parameters, and reads a manifest's wish through ``CapabilityWish/read(_:)``.
public struct ManifestFields: Sendable {
    private let values: [String: ManifestValue]
    private let path: String
    let origin: ManifestOrigin
    private var asked: Set<String> = []

    init(_ values: [String: ManifestValue], path: String, origin: ManifestOrigin) {
        self.values = values
        self.path = path
        self.origin = origin
    }

    /// Reads the values with `body` and refuses those that it did not ask for.
    /// - Parameters:
    ///   - values: what the map holds.
    ///   - path: where it stands, for messages, such as `capabilities[2].with`.
    public static func read<Value>(
        _ values: [String: ManifestValue],
        at path: String = "",
        _ body: (inout ManifestFields) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        try read(values, path: path, origin: ManifestOrigin(), body)
    }

    static func read<Value>(
        _ values: [String: ManifestValue],
        path: String,
        origin: ManifestOrigin,
        _ body: (inout ManifestFields) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        var fields = ManifestFields(values, path: path, origin: origin)
        let value = try body(&fields)
        try fields.refuseUnread()
        return value
    }

    /// The names that are there, sorted.
    public var names: [String] { values.keys.sorted() }

    /// The value of a key, whatever it is.
    public mutating func value(_ key: String) -> ManifestValue? {
        asked.insert(key)
        return values[key]
    }

    /// Text.
    public mutating func text(_ key: String) throws(PluginError) -> String? {
        guard let value = value(key) else { return nil }
        guard case .text(let text) = value else { throw wrong(key, expected: "text") }
        return text
    }

    /// A list of texts.
    public mutating func texts(_ key: String) throws(PluginError) -> [String]? {
        try list(key, of: "texts")?.enumerated().throwingMap { (index, item) throws(PluginError) in
            guard case .text(let text) = item else { throw wrong(key, item: index, expected: "text") }
            return text
        }
    }

    /// One of some names, as what it stands for.
    public mutating func choice<Value>(
        _ key: String,
        of choices: KeyValuePairs<String, Value>
    ) throws(PluginError) -> Value? {
        guard let value = value(key) else { return nil }
        if case .text(let text) = value, let choice = choices.first(where: { $0.key == text }) { return choice.value }
        throw wrong(key, expected: "one of \(choices.map(\.key).joined(separator: ", "))")
    }

    /// True or false.
    public mutating func boolean(_ key: String) throws(PluginError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .boolean(let boolean) = value else { throw wrong(key, expected: "true or false") }
        return boolean
    }

    /// A whole number.
    public mutating func integer(_ key: String, in range: ClosedRange<Int>) throws(PluginError) -> Int? {
        guard let value = value(key) else { return nil }
        guard case .integer(let number) = value, range.contains(number) else {
            throw wrong(key, expected: "a whole number \(range.inWords)")
        }
        return number
    }

    /// A number of bytes: whole, or with a unit, such as `512`, `64 KiB`, `16 MiB`, `1 GiB`.
    public mutating func byteCount(_ key: String, in range: ClosedRange<Int> = 0...Int.max) throws(PluginError) -> Int?
    {
        guard let value = value(key) else { return nil }
        guard let count = ManifestUnits.bytes(value), range.contains(count) else {
            throw wrong(key, expected: "a number of bytes such as 64 KiB or 16 MiB, \(range.inWords)")
        }
        return count
    }

    /// A duration with its unit, such as `250 us`, `100 ms`, `2 s`, `5 min`, `1 h`.
    public mutating func duration(
        _ key: String,
        in range: ClosedRange<Duration> = .zero...ManifestUnits.longest
    ) throws(PluginError) -> Duration? {
        guard let value = value(key) else { return nil }
        guard let duration = ManifestUnits.duration(value), range.contains(duration) else {
            throw wrong(
                key,
                expected:
                    "a duration with its unit such as 100 ms or 2 s, from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return duration
    }

    /// A map, read with `body`.
    public mutating func map<Value>(
        _ key: String,
        _ body: (inout ManifestFields) throws(PluginError) -> Value
    ) throws(PluginError) -> Value? {
        guard let value = value(key) else { return nil }
        guard case .map(let map) = value else { throw wrong(key, expected: "a map") }
        return try Self.read(map, path: place(key), origin: origin, body)
    }

    /// A list of maps, each read with `body`.
    public mutating func maps<Value>(
        _ key: String,
        _ body: (inout ManifestFields) throws(PluginError) -> Value
    ) throws(PluginError) -> [Value]? {
        try list(key, of: "maps")?.enumerated().throwingMap { (index, item) throws(PluginError) in
            guard case .map(let map) = item else { throw wrong(key, item: index, expected: "a map") }
            return try Self.read(map, path: "\(place(key))[\(index)]", origin: origin, body)
        }
    }

    private mutating func list(_ key: String, of items: String) throws(PluginError) -> [ManifestValue]? {
        guard let value = value(key) else { return nil }
        guard case .list(let list) = value else { throw wrong(key, expected: "a list of \(items)") }
        return list
    }

    /// The error for a key that must be there.
    public func missing(_ key: String, expected: String) -> PluginError {
        origin.error(at: path, "\(place(key)) is missing; expected \(expected)")
    }

    /// The error for a value that is not what it should be.
    /// - Parameter item: which item of a list, where the value is one.
    public func wrong(_ key: String, item: Int? = nil, expected: String) -> PluginError {
        var value = values[key]
        var place = place(key)
        if let item, case .list(let list)? = value, list.indices.contains(item) {
            value = list[item]
            place += "[\(item)]"
        }
        return origin.error(at: place, "\(place): expected \(expected), came \(value?.inWords ?? "nothing")")
    }

    /// The path of a key, for messages, such as `capabilities[2].with.rules`.
    public func place(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func refuseUnread() throws(PluginError) {
        guard let unknown = values.keys.filter({ !asked.contains($0) }).min() else { return }
        let known = asked.sorted()
        let expected = known.isEmpty ? "no keys here" : "one of \(known.joined(separator: ", "))"
        let nearest = NearestName.of(unknown, among: known).map { " (did you mean '\($0)'?)" } ?? ""
        throw origin.error(
            at: origin.keys[place(unknown)],
            "\(place(ManifestValue.shortened(unknown))) is not a known key\(nearest); expected \(expected)"
        )
    }
}

extension Sequence {
    /// `map` with the type of what it throws.
    fileprivate func throwingMap<Value>(
        _ transform: (Element) throws(PluginError) -> Value
    ) throws(PluginError) -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try transform(element)) }
        return values
    }
}

extension ClosedRange<Int> {
    fileprivate var inWords: String {
        upperBound == .max ? "from \(lowerBound)" : "from \(lowerBound) to \(upperBound)"
    }
}
