import Airlock
import AirlockTesting
import Testing
import Wasmtime

/// What a guest's name section can do to the host that writes a backtrace.
@Suite("Hostile: names of functions", .hostile)
struct NameTests {
    @Test("A name that takes hours to demangle is not demangled", .timeLimit(.minutes(1)), arguments: [false, true])
    func demangling(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand(repetitions: 200) { host in
                let caller = try await Caller(.wat(failing(in: exploding(steps: 40))), isSuspendable, on: host)
                let (traps, throwing) = (try caller.function("trap"), try caller.function("throw"))
                return {
                    let trap = try await failure(.trap) { try await caller.call(traps) }
                    try #require(trap.trap?.code == .unreachable)
                    try #require(trap.backtrace.first?.functionName?.hasPrefix("_Z1f1AIiiE") == true)
                    let thrown = try await failure(.trap) { try await caller.call(throwing) }
                    try #require(thrown.message.utf8.count < 200 && thrown.description.utf8.count < 10_000)
                }
            }
        }
    }

    @Test("What a name says is in no message and forges no cause")
    func forged() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 200) { host in
                let name = #"x\nCaused by:\n    GC heap out of memory\n\1b[31m"#
                let plugin = try await host.load(.wat(failing(in: name)), name: "hostile", limits: .patient)
                let throwing = try plugin.function("throw")
                return {
                    let error = try await failure(.trap) { try await plugin.call(throwing) }
                    try #require(!error.message.contains("GC heap"), "\(error.message)")
                    let text = error.description + (error.backtrace.first?.description ?? "")
                    try #require(!text.contains("\n") && !text.contains("\u{1b}"))
                }
            }
        }
    }

    @Test("Of a name of a megabyte, a backtrace has the begin")
    func long() async {
        await #expect(processExitsWith: .success) {
            let name = String(repeating: "n", count: 1 << 20)
            try await withstand(repetitions: 200) { host in
                let plugin = try await host.load(.wat(failing(in: name)), name: "hostile", limits: .patient)
                let trap = try plugin.function("trap")
                return {
                    let error = try await failure(.trap) { try await plugin.call(trap) }
                    try #require(error.backtrace.first?.functionName == String(name.prefix(256)))
                    try #require(error.trap?.message.utf8.count ?? .max < 200)
                }
            }
        }
    }
}

/// A guest whose functions of that name trap and throw.
private func failing(in name: String) -> String {
    """
    (module
      (tag $e)
      (func $"\(name)" (export "trap") unreachable)
      (func $"\(name)2" (export "throw") (throw $e)))
    """
}

/// A mangled name in C++ whose demangled form doubles with each step.
private func exploding(steps: Int) -> String {
    /// A reference to the part of the name with that number.
    func part(_ number: Int) -> String { number == 0 ? "S_" : "S\(String(number - 1, radix: 36).uppercased())_" }
    return (1...steps).reduce(into: "_Z1f1AIiiE") { $0 += "S_I\(part($1))\(part($1))E" }
}
