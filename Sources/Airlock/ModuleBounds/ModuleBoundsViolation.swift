/// Why a module was refused before it was compiled.
public enum ModuleBoundsViolation: Error, Sendable, Hashable {
    /// The module holds more of something than the bounds allow.
    ///
    /// - Parameters:
    ///   - bound: the bound that was passed.
    ///   - allowed: its value.
    ///   - found: what the module holds or claims, in the unit of the bound. Counting stops at the violation, so a
    ///     whole module may hold more.
    ///   - function: the function's index in the module, imported functions first, where the bound is on
    ///     one function.
    case exceeded(_ bound: Bound, allowed: UInt64, found: UInt64, function: Int?)

    /// The bytes are not a WebAssembly core module in binary form.
    ///
    /// - Parameters:
    ///   - offset: where in the module, in bytes from its start.
    ///   - expected: what should have been there.
    case malformed(offset: Int, expected: String)

    /// The name of one bound: the property of ``ModuleBounds`` that holds it.
    public struct Bound: Sendable, Hashable, CustomStringConvertible {
        /// The property's name in ``ModuleBounds``.
        public let name: String

        /// The property's name in ``ModuleBounds``.
        public var description: String { name }

        static let moduleBytes = Bound(name: "moduleBytes")
        static let types = Bound(name: "types")
        static let parametersOrResults = Bound(name: "parametersOrResults")
        static let imports = Bound(name: "imports")
        static let functions = Bound(name: "functions")
        static let tables = Bound(name: "tables")
        static let memories = Bound(name: "memories")
        static let initialMemoryPages = Bound(name: "initialMemoryPages")
        static let tags = Bound(name: "tags")
        static let globals = Bound(name: "globals")
        static let exports = Bound(name: "exports")
        static let elementSegments = Bound(name: "elementSegments")
        static let dataSegments = Bound(name: "dataSegments")
        static let initializers = Bound(name: "initializers")
        static let codeBytes = Bound(name: "codeBytes")
        static let functionBodyBytes = Bound(name: "functionBodyBytes")
        static let locals = Bound(name: "locals")
        static let nestingDepth = Bound(name: "nestingDepth")
        static let blocks = Bound(name: "blocks")
        static let branchTargets = Bound(name: "branchTargets")
        static let trackedValuesPerFunction = Bound(name: "trackedValuesPerFunction")
        static let trackedValues = Bound(name: "trackedValues")
    }
}

extension ModuleBoundsViolation: CustomStringConvertible {
    /// One sentence for a log or an operator.
    public var description: String {
        switch self {
        case .exceeded(let bound, let allowed, let found, nil):
            "the module exceeds the bound \(bound): \(found) found, \(allowed) allowed"
        case .exceeded(let bound, let allowed, let found, let function?):
            "function \(function) exceeds the bound \(bound): \(found) found, \(allowed) allowed"
        case .malformed(let offset, let expected):
            "the module is malformed at byte \(offset): expected \(expected)"
        }
    }
}
