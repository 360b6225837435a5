import Airlock
import AirlockTesting
import Testing
import Wasmtime

@Suite("Hostile: forged offsets and lengths", .hostile)
struct ForgedPointerTests {
    /// Offsets and lengths of which no byte range is in a memory of one page.
    static let ranges: [(UInt32, UInt32)] = [
        (65_536, 1), (65_535, 2), (65_537, 0), (0, 65_537), (.max, 1), (1, .max), (.max, .max), (.max, 0),
        (0x8000_0000, 0x8000_0000), (0x7FFF_FFFF, 1), (0, 0x8000_0000), (0xFFFF_0000, 0x0001_0000), (0xFFFF_FFFC, 8),
        (65_529, 8),
    ]

    @Test("No host function reads or writes outside of the guest's memory", arguments: [false, true])
    func ranges(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand { host in
                let names = isSuspendable ? Grabbing.names + GrabbingLater.names : Grabbing.names
                let grants: [any Capability] = isSuspendable ? [Grabbing(), GrabbingLater()] : [Grabbing()]
                let caller = try await Caller(.wat(guest(of: names)), isSuspendable, granting: grants, on: host)
                var variants: [(GuestFunction<NoResult, UInt32, UInt32>, UInt32, UInt32)] = []
                for name in names {
                    let function = try caller.function(name, taking: UInt32.self, UInt32.self)
                    // The whole memory is the guest's own.
                    try await caller.call(function, 0, 65_536)
                    // Results have eight bytes: where the guest has less room, they are not written, and where it claims more, no more is.
                    let isResult = ["give", "say", "giveLater", "sayLater"].contains(name)
                    variants += ForgedPointerTests.ranges.filter { range in
                        isResult ? range.0 > 65_528 && range.1 >= 8 : name != "write" || range.1 > 0
                    }.map { (function, $0.0, $0.1) }
                }
                // Integers have a size of their own, whatever the guest says.
                for name in ["readInteger", "writeInteger"] {
                    let function = try caller.function(name, taking: UInt32.self, UInt32.self)
                    try await caller.call(function, 65_528, .max)
                    variants += [65_529, 65_536, 0xFFFF_FFF8, .max].map { (function, $0, 0) }
                }
                return taking(variants) { (function, offset, count) in
                    let error = try await failure(.badArgument) { try await caller.call(function, offset, count) }
                    try #require(error.report?.hostCalls == 1)
                }
            }
        }
    }

    @Test("A host function that needs memory ends the call of a guest that exports none", arguments: [false, true])
    func noMemory(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand { host in
                let text = guest(of: Grabbing.names).replacing("(export \"memory\")", with: "")
                let caller = try await Caller(.wat(text), isSuspendable, granting: [Grabbing()], on: host)
                let functions = try Grabbing.names.map { try caller.function($0, taking: UInt32.self, UInt32.self) }
                return taking(functions) { function in
                    _ = try await failure(.abiViolation) { try await caller.call(function, 0, 8) }
                }
            }
        }
    }

    @Test(
        "An export named 'memory' that is no memory is none",
        arguments: ["(func (export \"memory\"))", "(global (export \"memory\") i32 (i32.const 0))"])
    func memoryOfAnotherKind(export: String) async {
        await #expect(processExitsWith: .success) { [export] in
            try await withstand { host in
                let text = guest(of: Grabbing.names).replacing(
                    "(memory (export \"memory\") 1)", with: "(memory 1) \(export)")
                let plugin = try await host.load(.wat(text), name: "hostile", granting: [Grabbing()], limits: .patient)
                let function = try plugin.function("bytes", taking: UInt32.self, UInt32.self)
                return {
                    _ = try await failure(.abiViolation) { try await plugin.call(function, 0, 8) }
                }
            }
        }
    }

    @Test("Text that is not UTF-8 is refused", arguments: [false, true])
    func text(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand { host in
                let grants: [any Capability] = isSuspendable ? [Grabbing(), GrabbingLater()] : [Grabbing()]
                let names = ["text", "string"] + (isSuspendable ? ["stringLater"] : [])
                let caller = try await Caller(
                    .wat(guest(of: names, data: "\\ff\\fe\\c0\\80\\ed\\a0\\80\\f4\\90\\80\\80\\e2\\82\\f0\\9f")),
                    isSuspendable,
                    granting: grants, on: host)
                let functions = try names.map { try caller.function($0, taking: UInt32.self, UInt32.self) }
                // A stray byte, an overlong null, half of a surrogate pair, a number past U+10FFFF, and characters that are cut off.
                let texts: [(UInt32, UInt32)] = [(0, 1), (0, 2), (2, 2), (4, 3), (7, 4), (11, 2), (13, 2), (0, 15)]
                return taking(functions.flatMap { function in texts.map { (function, $0.0, $0.1) } }) {
                    (function, offset, count) in
                    let error = try await failure(.badArgument) { try await caller.call(function, offset, count) }
                    try #require(error.message.contains("UTF-8"))
                }
            }
        }
    }
}

/// A host function for each way in which one gets at the guest's memory.
private struct Grabbing: Capability {
    static let id: CapabilityID = "test:grabbing"
    static let names = ["bytes", "text", "array", "string", "buffer", "copy", "write", "give", "say"]

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("bytes") { (_, call, bytes: GuestBytes) throws(HostError) -> Void in
            try call.withBytes(of: bytes) { (_) throws(HostError) in }
        }
        HostFunction("text") { (_, call, text: GuestString) throws(HostError) -> Void in _ = try call.string(of: text) }
        HostFunction("array") { (_, _, _: [UInt8]) throws(HostError) -> Void in }
        HostFunction("string") { (_, _, _: String) throws(HostError) -> Void in }
        HostFunction("buffer") { (_, call, room: GuestBuffer) throws(HostError) -> Void in
            try call.withMutableBytes(of: room) { (span) throws(HostError) in
                if span.byteCount > 0 { span.storeBytes(of: 0, toByteOffset: span.byteCount - 1, as: UInt8.self) }
            }
        }
        HostFunction("copy") { (_, call, bytes: GuestBytes) throws(HostError) -> Void in _ = try call.bytes(of: bytes) }
        HostFunction("write") { (_, call, room: GuestBuffer) throws(HostError) -> Void in
            // As much as a host function might have at hand; what the guest claims is no size for an allocation.
            try call.write([UInt8](repeating: 0, count: Int(min(room.capacity, 65_537))), at: room.offset)
        }
        HostFunction("readInteger") { (_, call, offset: UInt32, _: UInt32) throws(HostError) -> Void in
            _ = try call.readInteger(at: offset, as: UInt64.self)
        }
        HostFunction("writeInteger") { (_, call, offset: UInt32, _: UInt32) throws(HostError) -> Void in
            try call.writeInteger(UInt64(0), at: offset)
        }
        HostFunction("give") { (_, _) throws(HostError) -> [UInt8] in [UInt8](repeating: 0, count: 8) }
        HostFunction("say") { (_, _) throws(HostError) -> String in "12345678" }
    }
}

/// The same for host functions that wait.
private struct GrabbingLater: Capability {
    static let id: CapabilityID = "test:grabbing-later"
    static let names = ["arrayLater", "stringLater", "giveLater", "sayLater", "fillLater"]

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("arrayLater") { (_, _, _: [UInt8]) async throws(HostError) -> Void in await Task.yield() }
        HostFunction("stringLater") { (_, _, _: String) async throws(HostError) -> Void in await Task.yield() }
        HostFunction("giveLater") { (_, _) async throws(HostError) -> [UInt8] in [UInt8](repeating: 0, count: 8) }
        HostFunction("sayLater") { (_, _) async throws(HostError) -> String in "12345678" }
        HostFunction("fillLater") { (_, _, room: GuestBuffer) throws(HostError) -> HostWork<Int32> in
            HostWork { () async throws(HostError) in
                await Task.yield()
                return { (call) throws(HostError) in
                    try call.withMutableBytes(of: room) { (_) throws(HostError) in }
                    return 0
                }
            }
        }
    }
}

/// Exports each host function under its own name, with an offset and a length.
private func guest(of names: [String], data: String = "") -> String {
    let all = Set(names).union(["readInteger", "writeInteger"]).sorted()
    let results: Set = ["give", "say", "giveLater", "sayLater", "fillLater"]
    let imports = all.map { name in
        #"(import "test" "\#(name)" (func $\#(name) (param i32 i32) \#(results.contains(name) ? "(result i32)" : "")))"#
    }
    let exports = all.map { name in
        let call = "(call $\(name) (local.get 0) (local.get 1))"
        return #"(func (export "\#(name)") (param i32 i32) \#(results.contains(name) ? "(drop \(call))" : call))"#
    }
    return """
        (module
          \(imports.joined(separator: "\n"))
          (memory (export "memory") 1)
          (data (i32.const 0) "\(data)")
          \(exports.joined(separator: "\n")))
        """
}
