/// A value in metadata: the kinds that JSON has, without null.
public enum MetadataValue: Sendable, Hashable {
    /// Text, read as its bytes.
    case text(String)
    /// A number, read as the 8 bytes of a double in little endian.
    case number(Double)
    /// Read as one byte, 0 or 1.
    case truth(Bool)
    /// Read entry by entry under the numbers from 0 on, or whole as a serialized map whose keys are the values and whose values are empty.
    case list([MetadataValue])
    /// Read entry by entry, or whole as a serialized map in the order of the keys.
    case map([String: MetadataValue])
}

/// Metadata by namespace, then by key: what properties such as `xds.route_metadata.filter_metadata.<namespace>.<key>` lead to.
public typealias Metadata = [String: [String: MetadataValue]]

extension MetadataValue {
    /// What a property with the rest of its path gives; nil where it leads to nothing.
    func property(_ path: ArraySlice<String>) -> [UInt8]? {
        guard let key = path.first else { return bytes }
        switch self {
        case .map(let values):
            return values[key]?.property(path.dropFirst())
        case .list(let values):
            guard let index = Int(key), values.indices.contains(index) else { return nil }
            return values[index].property(path.dropFirst())
        default:
            return nil
        }
    }

    private var bytes: [UInt8] {
        switch self {
        case .text(let text): PropertyValue.text(text)
        case .number(let number): PropertyValue.double(number)
        case .truth(let truth): PropertyValue.truth(truth)
        case .list(let values): HeaderMapBytes.make(values.map { .init(name: $0.bytes, value: []) })
        case .map(let values):
            HeaderMapBytes.make(
                values.sorted { $0.key < $1.key }
                    .map { .init(name: PropertyValue.text($0.key), value: $0.value.bytes) })
        }
    }
}

extension Metadata {
    /// What a property with the rest of its path, from `filter_metadata` on, gives.
    func property(_ path: ArraySlice<String>) -> [UInt8]? {
        guard path.first == "filter_metadata", let namespace = path.dropFirst().first, let values = self[namespace]
        else { return nil }
        return MetadataValue.map(values).property(path.dropFirst(2))
    }
}

extension MetadataValue: ExpressibleByStringLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Makes text.
    public init(stringLiteral value: String) { self = .text(value) }
    /// Makes a number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// Makes a number.
    public init(integerLiteral value: Int) { self = .number(Double(value)) }
    /// Makes a truth value.
    public init(booleanLiteral value: Bool) { self = .truth(value) }
    /// Makes a list.
    public init(arrayLiteral elements: MetadataValue...) { self = .list(elements) }
    /// Makes a map; of equal keys the last one counts.
    public init(dictionaryLiteral elements: (String, MetadataValue)...) {
        self = .map(Dictionary(elements) { $1 })
    }
}
