/// Why a gateway does not start. Nothing of it runs then.
public struct GatewayError: Error, Sendable, CustomStringConvertible {
    /// Each reason in a line of its own.
    public let reasons: [String]

    public var description: String { reasons.joined(separator: "\n") }
}
