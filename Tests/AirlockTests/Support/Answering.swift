import Airlock
import AirlockTesting
import Foundation
import TestSupport
import Wasmtime

/// A module that answers with a number, as text.
func answering(_ value: Int) -> String { "(module (func (export \"answer\") (result i32) i32.const \(value)))" }

/// One that traps instead.
let trapping = "(module (func (export \"answer\") (result i32) unreachable))"

/// One whose instances wait at a gate when they start.
func waitingStart(_ value: Int) -> String {
    """
    (module (import "test" "wait" (func $wait)) (func (export "_initialize") call $wait)
      (func (export "answer") (result i32) i32.const \(value)))
    """
}

/// One that waits at a gate before it answers.
func waitingCall(_ value: Int) -> String {
    """
    (module (import "test" "wait" (func $wait))
      (func (export "answer") (result i32) call $wait i32.const \(value)))
    """
}

/// A module in the binary format.
func binary(_ text: String) throws -> [UInt8] { try Module.binary(ofWAT: text) }

/// What a file holds whose module answers with a number.
func answerModule(_ value: Int) throws -> Data { Data(try binary(answering(value))) }

/// Lets the guest wait at a gate.
struct WaitingAtGate: Capability {
    static let id: CapabilityID = "test:waiting-at-gate"
    let gate: Gate

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("wait") { (capability, _) async throws(HostError) -> Void in try? await capability.gate.pass() }
    }
}

extension Plugin {
    /// What its current version answers.
    func answer() async throws -> Int32 { try await call(function("answer", returning: Int32.self)).value }
}

extension SuspendablePlugin {
    func answer() async throws -> Int32 { try await call(function("answer", returning: Int32.self)).value }
}

extension Tree {
    /// Puts a module into its place as those do who want no half of it to be seen.
    func put(_ module: Data, at path: String) throws {
        try write("\(path).tmp", content: "")
        try module.write(to: URL(filePath: "\(root)/\(path).tmp"))
        try rename("\(path).tmp", to: path)
    }

    func put(_ value: Int, at path: String) throws { try put(answerModule(value), at: path) }

    /// Truncates a file and writes these bytes.
    func overwrite(_ path: String, with bytes: Data) throws { try bytes.write(to: URL(filePath: "\(root)/\(path)")) }
}

extension RecordedEvents {
    /// Waits until a plugin is loaded or reloaded.
    mutating func served(_ plugin: String) async {
        _ = await first { event in
            guard event.plugin == plugin else { return false }
            return switch event.kind {
            case .loaded, .reloaded: true
            default: false
            }
        }
    }

    /// Waits until a plugin or a version of it is refused.
    mutating func refused(_ plugin: String) async -> PluginError? {
        let event = await first { event in
            guard event.plugin == plugin else { return false }
            return switch event.kind {
            case .loadFailed, .reloadFailed: true
            default: false
            }
        }
        switch event?.kind {
        case .loadFailed(let error), .reloadFailed(let error): return error
        default: return nil
        }
    }

    mutating func seen(_ plugin: String, _ matches: (PluginEvent.Kind) -> Bool) async -> PluginEvent? {
        await first { $0.plugin == plugin && matches($0.kind) }
    }
}
