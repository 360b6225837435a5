import Airlock
import Synchronization

/// A guest that imports functions of one module, and calls them with the arguments that a test gives.
struct ForwardingGuest {
    /// Bytes of its memory: two pages, the last 256 bytes of them for the arguments of calls.
    static let memory = 131_072

    let plugin: SuspendablePlugin
    private let orders = Orders()

    /// - Parameter functions: the functions with their parameters, such as `"i32 i64"`. All have the result `i32` but `proc_exit`.
    init(
        _ host: PluginHost, calling functions: KeyValuePairs<String, String>, of module: String,
        granting capability: any Capability, name: String = "guest",
        limits: PluginLimits = PluginLimits(deadline: .seconds(60))
    ) async throws {
        plugin = try await host.loadSuspendable(
            .wat(Self.text(functions, module)), name: name, granting: [capability, orders], limits: limits)
    }

    /// Calls a function and gives its answer.
    func call(_ name: String, _ arguments: [UInt64]) async throws -> Int32 {
        orders.set(arguments.flatMap(littleEndian))
        return try await plugin.call(try plugin.function(name, returning: Int32.self)).value
    }

    /// Writes into the guest's memory.
    func poke(_ bytes: [UInt8], at offset: Int) async throws {
        orders.set(bytes)
        let poke = try plugin.function("poke", taking: Int32.self, Int32.self, returning: Int32.self)
        _ = try await plugin.call(poke, Int32(offset), Int32(bytes.count))
    }

    /// Bytes of the guest's memory.
    func peek(_ count: Int, at offset: Int) async throws -> [UInt8] {
        let peek = try plugin.function("peek", taking: Int32.self, Int32.self, returning: Int32.self)
        _ = try await plugin.call(peek, Int32(offset), Int32(count))
        return orders.given
    }

    private static func text(_ functions: KeyValuePairs<String, String>, _ module: String) -> String {
        let arguments = memory - 256
        let imports = functions.map { name, parameters in
            let result = name == "proc_exit" ? "" : "(result i32)"
            return "(import \"\(module)\" \"\(name)\" (func $\(name) (param \(parameters)) \(result)))"
        }
        let forwards = functions.map { name, parameters in
            let loads = parameters.split(separator: " ").enumerated().map { index, type in
                let load = "(i64.load (i32.const \(arguments + 8 * index)))"
                return type == "i64" ? load : "(i32.wrap_i64 \(load))"
            }
            let result = name == "proc_exit" ? "(i32.const 0)" : ""
            return """
                (func (export "\(name)") (result i32)
                  (drop (call $take (i32.const \(arguments)) (i32.const 256)))
                  (call $\(name) \(loads.joined(separator: " "))) \(result))
                """
        }
        return """
            (module
              \(imports.joined(separator: "\n"))
              (import "orders" "take" (func $take (param i32 i32) (result i32)))
              (import "orders" "give" (func $give (param i32 i32)))
              (memory (export "memory") \(memory / 65_536))
              (func (export "poke") (param i32 i32) (result i32) (call $take (local.get 0) (local.get 1)))
              (func (export "peek") (param i32 i32) (result i32)
                (call $give (local.get 0) (local.get 1)) (i32.const 0))
              \(forwards.joined(separator: "\n")))
            """
    }
}

/// The bytes of a number, the lowest first.
func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    (0..<type(of: number).bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
}

/// What the test hands the guest, and back.
private struct Orders: Capability {
    static let id: CapabilityID = "test:orders"
    private let texts = Texts()

    private final class Texts: Sendable {
        let values = Mutex<(taken: [UInt8], given: [UInt8])>(([], []))
    }

    func set(_ bytes: [UInt8]) { texts.values.withLock { $0 = (bytes, []) } }
    var given: [UInt8] { texts.values.withLock { $0.given } }

    static let functions = HostFunctions<Self>(module: "orders") {
        HostFunction("take") { (orders, _) throws(HostError) -> [UInt8] in orders.texts.values.withLock { $0.taken } }
        HostFunction("give") { (orders, _, bytes: [UInt8]) throws(HostError) -> Void in
            orders.texts.values.withLock { $0.given = bytes }
        }
    }
}
