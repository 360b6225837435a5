/// A value in a manifest or a policy: what YAML can say, without its tags and anchors.
public enum ManifestValue: Sendable, Hashable {
    /// Nothing.
    case null
    /// True or false.
    case boolean(Bool)
    /// A whole number.
    case integer(Int)
    /// A number with a fraction.
    case number(Double)
    /// Text.
    case text(String)
    /// Values in order.
    case list([ManifestValue])
    /// Values by name.
    case map([String: ManifestValue])
}
