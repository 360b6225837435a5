public import Wasmtime

/// A function that a plugin exports, with the type that the host expects it to have. Compared once with what the module
/// declares, when it is looked up, and again with every new version before it takes over.
@frozen
public struct GuestFunction<Result: GuestResult, each Parameter: WasmValue>: Sendable {
    @usableFromInline let signature: GuestSignature

    @usableFromInline
    init(_ signature: GuestSignature) {
        self.signature = signature
    }

    /// The name of the export.
    public var name: String { signature.name }
}

/// Name and type of an exported function, and the place where instances remember it.
@usableFromInline
final class GuestSignature: Sendable {
    let name: String
    let type: FunctionType
    /// Index into each instance's table of functions that were looked up.
    let index: Int

    init(name: String, type: FunctionType, index: Int) {
        self.name = name
        self.type = type
        self.index = index
    }
}

extension FunctionType {
    @inlinable
    static func of<Result: GuestResult, each Parameter: WasmValue>(
        _ parameter: repeat (each Parameter).Type,
        returning result: Result.Type
    ) -> FunctionType {
        var parameters: [ValueType] = []
        for type in repeat (each Parameter).valueType {
            parameters.append(type)
        }
        return FunctionType(parameters: parameters, results: Result.resultTypes)
    }
}
