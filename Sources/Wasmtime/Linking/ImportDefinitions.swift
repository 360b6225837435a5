/// What a linker defines, by name, to check modules against.
struct ImportDefinitions {
    private struct Name: Hashable {
        let module: String
        let name: String
    }

    private var types: [Name: FunctionType] = [:]

    /// Takes note of a host function.
    ///
    /// - Throws: ``WasmtimeError`` when the name is taken, or when the type has references, which the host cannot pass.
    mutating func add(_ module: String, _ name: String, _ type: FunctionType) throws(WasmtimeError) {
        guard !type.hasReferences else {
            throw WasmtimeError(
                .invalidDefinition, "\(module).\(name) has the type \(type): host functions cannot pass references")
        }
        let most = FunctionType.maximumTypedParameters
        guard type.parameters.count <= most else {
            throw WasmtimeError(
                .invalidDefinition, "\(module).\(name) has \(type.parameters.count) parameters, more than \(most)")
        }
        guard types.updateValue(type, forKey: Name(module: module, name: name)) == nil else {
            throw WasmtimeError(.invalidDefinition, "\(module).\(name) is defined twice")
        }
    }

    /// Checks that everything that a module imports is defined with the type that the module expects.
    ///
    /// - Throws: one ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/missingImports`` that lists every import that
    ///   is not.
    func check(_ imports: [ImportType]) throws(WasmtimeError) {
        let problems = imports.compactMap(problem)
        guard problems.isEmpty else {
            throw WasmtimeError(
                .missingImports, "the module's imports cannot be satisfied: " + problems.joined(separator: "; "))
        }
    }

    private func problem(with item: ImportType) -> String? {
        let name = "\(item.module).\(item.name)"
        guard let defined = types[Name(module: item.module, name: item.name)] else {
            return "\(name) is missing (\(item.type))"
        }
        guard item.type == .function(defined) else {
            return "\(name) is imported as \(item.type) but defined as function \(defined)"
        }
        return nil
    }
}
