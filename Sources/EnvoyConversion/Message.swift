import Yams

/// A protocol message behind `typed_config`: its type, and its fields.
struct Message {
    /// Without what is before the last slash: `google.protobuf.StringValue`.
    let type: String
    /// A mapping with the fields of the message.
    let fields: Input

    private static let structTypes = ["udpa.type.v1.TypedStruct", "xds.type.v3.TypedStruct"]

    /// Reads a `google.protobuf.Any`, also where the message is in a `TypedStruct`; nil where it says no type.
    init?(_ any: Input) {
        guard let type = any.field("@type")?.text.map(Self.name) else { return nil }
        guard Self.structTypes.contains(type) else {
            self.type = type
            fields = any
            return
        }
        guard let inner = any.field("type_url")?.text else { return nil }
        self.type = Self.name(inner)
        fields = any.field("value") ?? Input(Node([(Node, Node)]()), path: any.path, ledger: any.ledger)
        fields.ledger.enter(fields.path)
    }

    private static func name(_ url: String) -> String {
        url.split(separator: "/").last.map(String.init) ?? url
    }
}

extension Input {
    /// The bytes that Envoy gives a filter for a configuration of this form; a gap where they are not known.
    var configuration: [UInt8]? {
        guard let message = Message(self) else {
            gap("expected @type")
            return nil
        }
        let value = message.fields.field("value")
        switch message.type {
        case "google.protobuf.StringValue": return value?.text.map { Array($0.utf8) } ?? []
        case "google.protobuf.BytesValue": return value.map { $0.bytes ?? [] } ?? []
        case "google.protobuf.Struct":
            guard let value else { return Array("{}".utf8) }
            guard let json = StructJSON.text(value.node) else {
                value.gap("expected values that JSON has")
                return nil
            }
            value.settle()
            return Array(json.utf8)
        default:
            gap("the bytes of a \(OneLine.text(message.type)) are not known here")
            return nil
        }
    }

    /// The bytes of a `DataSource` that has them in it; nil, with a gap, where it has not.
    var inlineData: [UInt8]? {
        if let text = field("inline_string") { return text.text.map { Array($0.utf8) } }
        if let bytes = field("inline_bytes") { return bytes.bytes }
        gap("expected inline_string or inline_bytes")
        return nil
    }
}
