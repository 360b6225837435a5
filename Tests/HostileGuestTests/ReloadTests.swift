import Airlock
import AirlockTesting
import Testing
import Wasmtime

@Suite("Hostile: reloading", .hostile)
struct ReloadTests {
    static let bad: [(String, String)] = [
        ("(module", "invalidModule"), ("(module (func (result i32) i64.const 1))", "invalidModule"),
        ("(module)", "missingExport"),
        ("(module (func (export \"answer\") (result i64) i64.const 1))", "signatureMismatch"),
        ("(module (memory (export \"answer\") 1))", "missingExport"),
        ("(module (func (export \"answer\") (result i32) i32.const 1) (func $s unreachable) (start $s))", "trap"),
        ("(module (func (export \"answer\") (result i32) i32.const 1) (func $s (loop br 0)) (start $s))", "fuel"),
        (
            "(module (func (export \"answer\") (result i32) i32.const 1) (func (export \"_initialize\") unreachable))",
            "trap"
        ),
        (
            "(module (import \"a\" \"b\" (func)) (func (export \"answer\") (result i32) i32.const 1))",
            "missingCapability"
        ),
        ("(module (memory 257) (func (export \"answer\") (result i32) i32.const 1))", "memory"),
        ("(module (memory 5000) (func (export \"answer\") (result i32) i32.const 1))", "moduleBounds"),
    ]

    @Test("A bad new version is refused, and the running one goes on")
    func badVersion() async {
        await #expect(processExitsWith: .success) {
            try await withstand(.hostile(engine: .quickCompiling)) { host in
                let plugin = try await host.load(.wat(answering(1)), name: "hostile", limits: .scarceFuel())
                let answer = try plugin.function("answer", returning: Int32.self)
                return taking(ReloadTests.bad) { text, code in
                    let error = try await #require(throws: PluginError.self) {
                        try await plugin.reload(from: .wat(text))
                    }
                    try #require(error.code.description == code, "\(error)")
                    try #require(error.plugin == "hostile")
                    try #require(try await plugin.call(answer).value == 1)
                    try #require(plugin.currentVersion?.number == 1)
                }
            }
        }
    }

    @Test("In a storm of reloads no call fails, and each sees one version or the next", arguments: [false, true])
    func storm(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            // A repetition is a reload on two worker loops, with calls at the same time.
            try await withstand(
                repetitions: 200, spareInstances: 16, .hostile(workers: 2, engine: .quickCompiling)
            ) { host in
                let caller = try await Caller(.wat(answering(0)), isSuspendable, on: host)
                let answer = try caller.function("answer", returning: Int32.self)
                var number: Int32 = 0
                return {
                    number += 1
                    let (last, next) = (number - 1, number)
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 0..<4 {
                            group.addTask {
                                for _ in 0..<5 {
                                    let value = try await caller.call(answer).value
                                    try #require(value == last || value == next)
                                }
                            }
                        }
                        group.addTask { try await caller.reload(from: .wat(answering(next))) }
                        try await group.waitForAll()
                    }
                    try #require(try await caller.call(answer).value == next)
                }
            }
        }
    }

    @Test("Reloads at the same time come one after another")
    func together() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 50, .hostile(engine: .quickCompiling)) { host in
                let plugin = try await host.load(.wat(answering(0)), name: "hostile", limits: .patient)
                let answer = try plugin.function("answer", returning: Int32.self)
                return {
                    let number = plugin.currentVersion?.number ?? 0
                    try await withThrowingTaskGroup(of: Int.self) { group in
                        for _ in 0..<4 { group.addTask { try await plugin.reload(from: .wat(answering(7))).number } }
                        group.addTask { (try? await plugin.reload(from: .wat("(module)")).number) ?? 0 }
                        var numbers: [Int] = []
                        for try await number in group { numbers.append(number) }
                        try #require(Set(numbers).count == 5)
                    }
                    try #require(try await plugin.call(answer).value == 7)
                    try #require((plugin.currentVersion?.number ?? 0) > number)
                }
            }
        }
    }
}

private func answering(_ number: Int32) -> String {
    "(module (memory (export \"memory\") 1) (func (export \"answer\") (result i32) i32.const \(number)))"
}
