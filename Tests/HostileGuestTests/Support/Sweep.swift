@testable import Airlock
import Wasmtime

/// Every host function of a capability, and a guest that calls each with hostile arguments. The list is read from the capability itself, so
/// that no function can be forgotten; that is not part of the public API.
struct Sweep {
    struct Function {
        let module: String
        let name: String
        let parameters: [ValueType]
        let result: ValueType?
        var hasResult: Bool { result != nil }
    }

    let functions: [Function]

    init(_ capabilities: [any Capability.Type]) {
        func list<C: Capability>(_ type: C.Type) -> [Function] {
            C.functions.entries.map {
                Function(
                    module: $0.module, name: $0.function.name, parameters: $0.function.type.parameters,
                    result: $0.function.type.results.first)
            }
        }
        functions = capabilities.flatMap { list($0) }
    }

    /// What stands in the place of an offset or a length.
    static let values: [Int32] = [-1, .min, .max, 65_536, 65_535, -8, 0x7FFF_0000]
    /// What the other arguments are: small numbers are descriptors, kinds and valid pointers alike.
    static let others: [Int32] = [0, 8]

    /// All calls of one function: which argument is hostile (-1 for all of them), its value, and the other arguments.
    static func calls(of function: Function) -> [(position: Int32, value: Int32, other: Int32)] {
        (-1..<Int32(function.parameters.count)).flatMap { position in
            values.flatMap { value in others.map { (position, value, $0) } }
        }
    }

    var imports: String {
        functions.enumerated().map { index, function in
            let types = function.parameters.map { "\($0)" }.joined(separator: " ")
            let result = function.result.map { "(result \($0))" } ?? ""
            return
                #"(import "\#(function.module)" "\#(function.name)" (func $import\#(index) (param \#(types)) \#(result)))"#
        }.joined(separator: "\n")
    }

    /// A function for each import, `$call0` and so on, that takes position, value and other arguments.
    var wrappers: String {
        functions.enumerated().map { index, function in
            let arguments = function.parameters.enumerated().map { position, type in
                let number =
                    "(select (local.get $value) (local.get $other) (i32.or (i32.eq (local.get $position) (i32.const \(position))) "
                    + "(i32.eq (local.get $position) (i32.const -1))))"
                return type == .i64 ? "(i64.extend_i32_s \(number))" : number
            }
            let call = "(call $import\(index) \(arguments.joined(separator: " ")))"
            return """
                (func $call\(index) (export "call\(index)") (param $position i32) (param $value i32) (param $other i32)
                  \(function.hasResult ? "(drop \(call))" : call))
                """
        }.joined(separator: "\n")
    }
}
