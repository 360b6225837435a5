import Airlock
import AirlockTesting
import Testing
import Wasmtime

@Suite("Hostile: deep recursion", .hostile)
struct RecursionTests {
    @Test("Recursion on the guest's stack ends in a stack overflow", arguments: [false, true])
    func guestStack(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand(smallStack) { host in
                let caller = try await Caller(.wat(recursing), isSuspendable, granting: [Echo()], on: host)
                let recurse = try caller.function("recurse")
                return {
                    let error = try await failure(.trap) { try await caller.call(recurse) }
                    try #require(error.trap?.code == .stackOverflow)
                    try #require(error.backtrace.first?.functionName == "recurse")
                }
            }
        }
    }

    @Test(
        "Recursion through a table with a hundred values in each frame ends in a stack overflow",
        arguments: [false, true])
    func largeFrames(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand(smallStack) { host in
                let caller = try await Caller(.wat(wideFrames), isSuspendable, on: host)
                let recurse = try caller.function("recurse", taking: Int64.self, returning: Int64.self)
                return {
                    let error = try await failure(.trap) { try await caller.call(recurse, 1) }
                    try #require(error.trap?.code == .stackOverflow)
                }
            }
        }
    }

    @Test("Recursion from the guest into the host and back ends at sixteen levels", arguments: [false, true])
    func hostReentry(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            // One repetition makes 17 calls, one inside the other.
            try await withstand(repetitions: 300) { host in
                let caller = try await Caller(.wat(recursing), isSuspendable, granting: [Echo()], on: host)
                let bounce = try caller.function("bounce")
                return {
                    let error = try await failure(.abiViolation) { try await caller.call(bounce) }
                    try #require(error.limit == 16 && error.used == 17)
                    try #require(error.report?.hostCalls == 17)
                }
            }
        }
    }

    @Test(
        "A host function that calls back at the end of the guest's stack ends in a stack overflow",
        arguments: [false, true])
    func reentryAtTheEnd(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            // One repetition makes some hundred host calls, each of which calls back.
            // The heap finds its size late where calls and their callbacks are hundreds deep.
            try await withstand(repetitions: 50, warmUp: 150, smallStack) { host in
                let caller = try await Caller(.wat(recursing), isSuspendable, granting: [Echo()], on: host)
                let recurse = try caller.function("recurseAndCallBack")
                return {
                    let error = try await failure(.trap) { try await caller.call(recurse) }
                    try #require(error.trap?.code == .stackOverflow)
                }
            }
        }
    }

    @Test("A host function that is called at the end of the guest's stack still has room", arguments: [false, true])
    func hostFunctionAtTheEnd(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            // One repetition makes some hundred host calls, each of which uses the stack.
            try await withstand(repetitions: 50, smallStack) { host in
                let caller = try await Caller(.wat(recursing), isSuspendable, granting: [Echo()], on: host)
                let recurse = try caller.function("recurseAndCall")
                return {
                    let error = try await failure(.trap) { try await caller.call(recurse) }
                    try #require(error.trap?.code == .stackOverflow)
                }
            }
        }
    }
}

/// A stack that is full soon, and no more room behind it than the engine's settings leave to host functions at the least.
private let smallStack = PluginHostConfiguration.hostile(
    engine: EngineConfiguration(
        maxWasmStack: 64 << 10, asyncStackSize: (64 << 10) + EngineConfiguration.hostStack))

/// Calls the guest back at once, and uses some stack.
private struct Echo: Capability {
    static let id: CapabilityID = "test:echo"
    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("echo") { (_, call) throws(HostError) -> Void in
            guard let bounce = try call.function("bounce") else { throw HostError(.abiViolation, "no 'bounce'") }
            _ = try call.call(bounce)
        }
        HostFunction("touch") { (_, call) throws(HostError) -> Void in
            guard let leaf = try call.function("leaf") else { throw HostError(.abiViolation, "no 'leaf'") }
            _ = try call.call(leaf)
        }
        HostFunction("stack") { (_, call) throws(HostError) -> Int32 in
            // As much as a careful host function may use: half of what the engine's settings leave to them.
            Int32(useStack(128 << 10) & 0x7FFF_FFFF)
        }
    }
}

/// Uses that many bytes of the stack, in frames of some KiB.
@inline(never)
private func useStack(_ bytes: Int) -> Int {
    // Safe: the index is below the number of bytes, which nobody uses later.
    let used = unsafe withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 16) { room in
        unsafe room[bytes & 4_095] = 1
        return bytes > 4_096 ? useStack(bytes - 4_096) : 0
    }
    return used + 1
}

private let recursing = #"""
    (module
      (import "test" "echo" (func $echo))
      (import "test" "stack" (func $stack (result i32)))
      (import "test" "touch" (func $touch))
      (func $recurse (export "recurse") call $recurse)
      (func $bounce (export "bounce") call $echo)
      (func $deep (export "recurseAndCall") (drop (call $stack)) call $deep)
      (func (export "leaf"))
      (func $touching (export "recurseAndCallBack") call $touch call $touching))
    """#

private let wideFrames: String = {
    // Values that are all alive over the call have to be kept in the frame.
    let locals = (0..<100).map { "(local $v\($0) i64)" }.joined(separator: " ")
    let fill = (0..<100).map { "(local.set $v\($0) (i64.mul (local.get $x) (i64.const \($0 + 3))))" }.joined(
        separator: "\n")
    let sum = (0..<100).map { "(local.get $v\($0)) i64.xor" }.joined(separator: " ")
    return """
        (module
          (type $f (func (param i64) (result i64)))
          (table 1 funcref)
          (elem (i32.const 0) $recurse)
          (func $recurse (export "recurse") (type $f) (param $x i64) (result i64) \(locals)
            \(fill)
            (call_indirect (type $f) (i64.add (local.get $x) (i64.const 1)) (i32.const 0))
            \(sum)))
        """
}()
