public import Airlock
import FoundationEssentials

/// Lets a plugin read named variables.
///
/// Guests import from `airlock:environment`:
///
/// | function | WebAssembly type | |
/// | --- | --- | --- |
/// | `get` | `(name i32, length i32, room i32, capacity i32) -> i32` | the value of a variable |
/// | `count` | `() -> i32` | how many variables there are |
/// | `name` | `(index i32, room i32, capacity i32) -> i32` | the name of one of them, in the order of its bytes |
///
/// Values and names are written into the room where they fit its capacity; their number of bytes is returned either way. `get` returns -1
/// for a variable that is granted but has no value, and ends the call with ``PluginError/Code/denied`` for one that is not granted. `name`
/// returns -1 from `count` on.
public struct Environment: AttenuableCapability {
    public static let id: CapabilityID = "airlock:environment"

    // Keyed by bytes: texts are equal in Swift that are written with other bytes, and names of variables are not.
    let values: [[UInt8]: [UInt8]]
    let inherited: Set<[UInt8]>
    /// The variables that have a value, in the order of their names' bytes.
    let variables: [(name: [UInt8], value: [UInt8])]

    /// Grants variables.
    /// - Parameters:
    ///   - variables: names with their values.
    ///   - names: variables of the host's process that the plugin may see as well, with the values that they have now. One that the process
    ///     does not have stays without a value.
    public init(_ variables: [String: String] = [:], inheriting names: [String] = []) {
        let process = names.isEmpty ? [:] : ProcessInfo.processInfo.environment
        var values: [[UInt8]: [UInt8]] = [:]
        for name in names { values[Array(name.utf8)] = process[name].map { Array($0.utf8) } }
        for (name, value) in variables { values[Array(name.utf8)] = Array(value.utf8) }
        self.init(values: values, inherited: Set(names.map { Array($0.utf8) }))
    }

    init(values: [[UInt8]: [UInt8]], inherited: Set<[UInt8]>) {
        self.values = values
        self.inherited = inherited
        variables = values.map { (name: $0.key, value: $0.value) }.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    public static let functions = HostFunctions<Self>(module: "airlock:environment") {
        HostFunction("get") { (environment, call, name: GuestBytes) throws(HostError) -> GuestReply in
            let name = try call.bytes(of: name)
            if let value = environment.values[name] { return .bytes(value) }
            guard environment.inherited.contains(name) else { throw environment.denial(of: name) }
            return .code(-1)
        }
        HostFunction("count") { (environment, _) throws(HostError) -> Int32 in
            Int32(clamping: environment.values.count)
        }
        HostFunction("name") { (environment, _, index: UInt32) throws(HostError) -> GuestReply in
            index < environment.variables.count ? .bytes(environment.variables[Int(index)].name) : .code(-1)
        }
    }

    var grantedNames: [[UInt8]] {
        Set(values.keys).union(inherited).sorted { $0.lexicographicallyPrecedes($1) }
    }

    func denial(of name: [UInt8]) -> HostError {
        HostError(.denied, "the plugin asked for the variable \(LogText.quoted(name)); granted are \(namesInWords)")
    }

    private var namesInWords: String {
        grantedNames.isEmpty ? "none" : grantedNames.map(LogText.quoted).joined(separator: ", ")
    }
}

extension Environment {
    public var summary: String { "the variables \(namesInWords)" }
}
