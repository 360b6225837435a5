/// The type of a function: what it takes and what it gives back.
public struct FunctionType: Hashable, Sendable {
    /// The types of the parameters.
    public let parameters: [ValueType]
    /// The types of the results.
    public let results: [ValueType]

    /// Makes a function type.
    public init(parameters: [ValueType], results: [ValueType]) {
        self.parameters = parameters
        self.results = results
    }

    /// How many slots an unchecked call needs: arguments and results share them.
    @usableFromInline
    var slotCount: Int { max(parameters.count, results.count) }

    /// The most parameters of a function that is called or defined with Swift numbers: ``SlotLayout`` keeps a bit for each.
    static let maximumTypedParameters = 64

    /// Whether any value of it is a reference.
    var hasReferences: Bool { parameters.contains(where: \.isReference) || results.contains(where: \.isReference) }
}

extension FunctionType: CustomStringConvertible {
    /// The type as the specification writes it, for example `(i32, i64) -> (f32)`.
    public var description: String {
        func list(_ types: [ValueType]) -> String {
            "(" + types.map(\.description).joined(separator: ", ") + ")"
        }
        return "\(list(parameters)) -> \(list(results))"
    }
}
