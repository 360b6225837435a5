import Airlock
import AirlockTesting
import TestSupport
import Testing
import Wasmtime

@Suite("Hostile: damaged modules", .hostile)
struct DamagedModuleTests {
    @Test("A module that is cut off at any byte is refused, but where what is left is a whole module")
    func truncated() async {
        await #expect(processExitsWith: .success) {
            let whole = try Module.binary(ofWAT: rich)
            let wholes = wholeModules(in: whole)
            try #require(wholes.count > 3)
            // A repetition is the next cut; all of them come up.
            try await withstand(repetitions: whole.count, .hostile(engine: .quickCompiling)) { host in
                var count = 0
                return {
                    count = (count + 1) % whole.count
                    let source = PluginSource.bytes(Array(whole[..<count]))
                    if wholes.contains(count) {
                        let plugin = try await host.load(source, name: "hostile", granting: [Noting()])
                        await plugin.unload()
                    } else {
                        _ = try await failure(.invalidModule) {
                            _ = try await host.load(source, name: "hostile", granting: [Noting()])
                        }
                    }
                }
            }
        }
    }

    @Test("A module with some changed bits is refused, or runs within its limits")
    func flipped() async {
        await #expect(processExitsWith: .success) {
            let whole = try Module.binary(ofWAT: rich)
            try await withstand(repetitions: 500) { host in
                var random = SplitMix(seed: 7)
                return {
                    var bytes = whole
                    for _ in 0..<Int.random(in: 1...3, using: &random) {
                        bytes[Int.random(in: 8..<bytes.count, using: &random)] ^=
                            1 << UInt8.random(in: 0..<8, using: &random)
                    }
                    try await loadAndCall(.bytes(bytes), on: host)
                }
            }
        }
    }

    @Test("A module with a piece of it repeated, removed or replaced is refused, or runs within its limits")
    func spliced() async {
        await #expect(processExitsWith: .success) {
            let whole = try Module.binary(ofWAT: rich)
            try await withstand(repetitions: 500) { host in
                var random = SplitMix(seed: 11)
                return {
                    let from = Int.random(in: 8..<whole.count, using: &random)
                    let to = Int.random(in: from...min(whole.count, from + 20), using: &random)
                    let piece: [UInt8] =
                        switch Int.random(in: 0..<3, using: &random) {
                        case 0: []
                        case 1: Array(whole[from..<to] + whole[from..<to])
                        default: (from..<to).map { _ in [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0 }
                        }
                    try await loadAndCall(.bytes(whole[..<from] + piece + whole[to...]), on: host)
                }
            }
        }
    }
}

/// The lengths at which a module can be cut so that a module is left: after the preamble, the types and the imports, which need nothing
/// that follows, and after the code and what is behind it, with which all functions have bodies. There is no count of the data before them.
private func wholeModules(in bytes: [UInt8]) -> Set<Int> {
    var (position, found, sections) = (8, Set([8]), Set<UInt8>())
    while position < bytes.count {
        sections.insert(bytes[position])
        position += 1
        var (size, shift) = (0, 0)
        while bytes[position] >= 0x80 {
            size |= Int(bytes[position] & 0x7F) << shift
            (position, shift) = (position + 1, shift + 7)
        }
        position += 1 + (size | Int(bytes[position]) << shift)
        if sections.isSubset(of: [1, 2]) || sections.contains(10) { found.insert(position) }
    }
    return found
}

/// What a damaged module may end in.
private let codes: Set<PluginError.Code> = [
    .invalidModule, .moduleBounds, .missingCapability, .signatureMismatch, .memory, .trap, .fuel, .overloaded,
    .badArgument, .abiViolation,
]

private func loadAndCall(_ source: PluginSource, on host: PluginHost) async throws {
    do {
        let plugin = try await host.load(source, name: "hostile", granting: [Noting()], limits: .scarceFuel(1_000))
        do {
            for export in plugin.currentVersion?.exports ?? [] {
                guard case .function(FunctionType(parameters: [], results: [])) = export.type else { continue }
                try await plugin.call(plugin.function(export.name))
            }
        } catch {
            try #require(codes.union([.missingExport]).contains(error.code), "\(error)")
        }
        await plugin.unload()
    } catch let error as PluginError {
        try #require(codes.contains(error.code), "\(error)")
        try #require(error.plugin == "hostile")
    }
}

private struct Noting: Capability {
    static let id: CapabilityID = "test:noting"

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("note") { (_, _, _: String) throws(HostError) -> Void in }
    }
}

/// Something of each section.
private let rich = #"""
    (module $rich
      (type $binary (func (param i32 i32) (result i32)))
      (import "test" "note" (func $note (param i32 i32)))
      (table $t 4 8 funcref)
      (memory (export "memory") 1 4)
      (tag $e (param i32))
      (global $g (mut i64) (i64.const 5))
      (export "one" (func $one))
      (start $start)
      (elem (i32.const 1) $add $add)
      (elem $passive func $one)
      (func $start (global.set $g (i64.const 6)))
      (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
      (func $one (local $n i32)
        (call $note (i32.const 8) (i32.const 5))
        (loop $again
          (local.set $n (call_indirect $t (type $binary) (local.get $n) (i32.const 1) (i32.const 2)))
          (br_if $again (i32.lt_u (local.get $n) (i32.const 20))))
        (block $a (block $b (br_table $a $b $a (local.get $n))))
        (drop (block $h (result i32) (try_table (catch $e $h) (throw $e (i32.const 1))) (i32.const 0))))
      (func (export "two")
        (memory.fill (i32.const 100) (i32.const 1) (i32.const 20))
        (v128.store (i32.const 32) (i8x16.splat (i32.const 3)))
        (table.init $t $passive (i32.const 0) (i32.const 0) (i32.const 1))
        (f64.store (i32.const 64) (f64.sqrt (f64.const 2)))
        (drop (memory.grow (i32.const 1))))
      (data (i32.const 8) "hello")
      (data $bytes "passive"))
    """#
