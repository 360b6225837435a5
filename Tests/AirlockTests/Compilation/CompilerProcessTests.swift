import Airlock
import AirlockTestSupport
import AirlockTesting
import CompilerProtocol
import Foundation
import Logging
import TestSupport
import Testing
import Wasmtime
import WorkerLoop

@Suite("Compiler process")
struct CompilerProcessTests {
    private let answering = "(module (func (export \"answer\") (result i32) i32.const 42))"

    @Test(
        "A module that a child process compiled runs as one that was compiled in the host's process",
        arguments: [
            (.childProcess(), .untrusted, .childProcess), (CompilationPolicy(), .untrusted, .childProcess),
            (.inProcess, .untrusted, .inProcess), (.childProcess(), .trusted, .inProcess),
            (.childProcess(compiler: "/nowhere/compiler"), .trusted, .inProcess),
        ] as [(CompilationPolicy, ModuleTrust, CompilationRoute)]
    )
    func sameResult(policy: CompilationPolicy, trust: ModuleTrust, route: CompilationRoute) async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: policy)) { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(PluginSource(.wat(answering), trust: trust), name: "p")
            let begun = await events.first { if case .compiling = $0.kind { true } else { false } }
            guard case .compiling(route)? = begun?.kind else { Issue.record("compiling: \(begun as Any)"); return }
            let ended = await events.first { if case .compiled = $0.kind { true } else { false } }
            guard case .compiled(route)? = ended?.kind else { Issue.record("compiled: \(ended as Any)"); return }
            #expect(ended?.plugin == "p")
            #expect(ended?.version == 1)
            #expect(ended?.duration != nil)
            let answer = try plugin.function("answer", returning: Int32.self)
            let result = try await plugin.call(answer)
            #expect(result.value == 42)
            #expect(result.report.fuelUsed > 0)
        }
    }

    @Test(
        "The engine's settings are the same on both sides",
        arguments: [
            EngineConfiguration(
                allocation: .pooling(PoolingLimits(instances: 10, memories: 10, tables: 10, stacks: 10))),
            EngineConfiguration(maxWasmStack: 64 << 10, asyncStackSize: 2 << 20),
            EngineConfiguration(memoryReservation: 1 << 30, memoryGuardSize: 1 << 20),
            EngineConfiguration(memoryReservation: 0, memoryGuardSize: 0),
            EngineConfiguration(optimization: .none), EngineConfiguration(optimization: .speedAndSize),
            EngineConfiguration(parallelCompilation: false), EngineConfiguration(isDeterministic: true),
            EngineConfiguration(features: []), EngineConfiguration(features: [.multiValue, .referenceTypes, .simd]),
            EngineConfiguration(
                features: WasmFeatures.standard.union([.relaxedSIMD, .multiMemory, .memory64, .threads])),
            EngineConfiguration(features: WasmFeatures.standard.union([.customPageSizes, .wideArithmetic])),
        ]
    )
    func settings(engine: EngineConfiguration) async throws {
        let module = """
            (module (memory (export "memory") 1)
              (func (export "divide") (param f32 f32) (result f32) (f32.div (local.get 0) (local.get 1)))
              (func (export "peek") (param i32) (result i32) (i32.load (local.get 0))))
            """
        let configuration = PluginHostConfiguration(workers: 1, engine: engine, compilation: .childProcess())
        try await withPluginHost(configuration) { host in
            let plugin = try await host.load(.wat(module))
            let divide = try plugin.function("divide", taking: Float.self, Float.self, returning: Float.self)
            #expect(try await plugin.call(divide, 3, 2).value == 1.5)
            let peek = try plugin.function("peek", taking: Int32.self, returning: Int32.self)
            let error = await #expect(throws: PluginError.self) { try await plugin.call(peek, -4) }
            #expect(error?.trap?.code == .memoryOutOfBounds)
        }
    }

    @Test("A suspendable plugin is compiled in a child process, too")
    func suspendable() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: .childProcess())) { host in
            let plugin = try await host.loadSuspendable(.wat(answering))
            let answer = try plugin.function("answer", returning: Int32.self)
            #expect(try await plugin.call(answer).value == 42)
        }
    }

    @Test("A module that the engine refuses is an invalid module")
    func refused() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: .childProcess())) { host in
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.bytes(WasmBytes.module(bodies: [WasmBytes.body([0x41, 0x01])])))
            }
            #expect(error?.code == .invalidModule)
        }
    }

    @Test(
        "What is no compiler refuses the load with its path, and the host goes on",
        arguments: [
            ("/nowhere/airlock-compiler", "there is no executable"), ("/etc/passwd", "there is no executable"),
            ("/bin/true", "no answer"), ("/bin/cat", "no answer"), ("/bin/false", "ended with status 1"),
        ]
    )
    func wrongExecutable(path: String, reason: String) async throws {
        let configuration = PluginHostConfiguration(workers: 1, compilation: .childProcess(compiler: path))
        try await withPluginHost(configuration) { host in
            var events = RecordedEvents(of: host)
            for _ in 0..<2 {
                let error = await #expect(throws: PluginError.self) { try await host.load(.wat(answering), name: "p") }
                #expect(error?.code == .compilation)
                #expect(error?.plugin == "p")
                #expect(error?.message.contains(path) == true)
                #expect(error?.message.contains(reason) == true)
                let event = await events.first { if case .compilationFailed = $0.kind { true } else { false } }
                #expect(event?.plugin == "p")
            }
            let plugin = try await host.load(.wat(answering).trusted())
            let answer = try plugin.function("answer", returning: Int32.self)
            #expect(try await plugin.call(answer).value == 42)
        }
    }

    @Test("A compiler process that writes without end, crashes, or complains is told apart")
    func misbehaviour() async throws {
        let scripts = [
            ("cat /dev/zero", "more bytes than allowed"), ("kill -SEGV $$", "crashed with signal 11"),
            ("kill -KILL $$", "was killed by another"),
            ("echo no library >&2; exit 127", "ended with status 127: no library"),
            ("exec sleep 1000", "its compiler was killed"), ("exec 1>&-; exec sleep 1000", "its compiler was killed"),
            ("cat /dev/zero >&2", "its compiler was killed"),
        ]
        try await withTemporaryFolder { folder in
            for (script, reason) in scripts {
                // Only what never ends has a deadline, so that a busy machine tells the same.
                let isEndless = reason == "its compiler was killed"
                let limits = CompilerLimits(deadline: .milliseconds(isEndless ? 300 : 60_000), outputBytes: 1 << 20)
                let policy = CompilationPolicy.childProcess(compiler: try compiler(script, in: folder), limits: limits)
                try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: policy)) { host in
                    let error = await #expect(throws: PluginError.self) { try await host.load(.wat(answering)) }
                    #expect(error?.code == .compilation)
                    #expect(error?.message.contains(reason) == true, "\(script): \(error as Any)")
                }
            }
        }
    }

    @Test("A compiler that the system cannot run refuses the load with its path")
    func notRunnable() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/compiler"
            try Data([0x7F, 0x45, 0x4C, 0x46, 0, 1, 2, 3]).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
            let policy = CompilationPolicy.childProcess(compiler: path)
            try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: policy)) { host in
                let error = await #expect(throws: PluginError.self) { try await host.load(.wat(answering)) }
                #expect(error?.code == .compilation)
                #expect(error?.message.contains("'\(path)' could not be run") == true)
            }
        }
    }

    @Test("The compiler process gets no descriptor of the host's but its three streams, and nothing of its environment")
    func inheritance() async throws {
        try await withTemporaryFolder { folder in
            let script = """
                for number in 3 4 5 6 7 8 9; do if (: >&$number) 2>/dev/null; then echo open $number >&2; fi; done
                env | grep -vE '^(PWD|OLDPWD|SHLVL|_|SWIFT_BACKTRACE|LD_LIBRARY_PATH)=' >&2
                exit 9
                """
            let path = try compiler(script, in: folder)
            let policy = CompilationPolicy.childProcess(compiler: path)
            try await withPluginHost(PluginHostConfiguration(workers: 2, compilation: policy)) { host in
                let error = await #expect(throws: PluginError.self) { try await host.load(.wat(answering)) }
                #expect(error?.message.hasSuffix("ended with status 9") == true)
            }
        }
    }

    @Test("A load whose task is cancelled kills the compiler process and ends at once")
    func cancellation() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: .childProcess())) { host in
            var events = RecordedEvents(of: host)
            let load = Task {
                try await host.load(.bytes(CompileBombs.branchTables), limits: CompileBombs.admitting)
            }
            _ = await events.first { if case .compiling = $0.kind { true } else { false } }
            load.cancel()
            let error = await #expect(throws: PluginError.self) { try await load.value }
            #expect(error?.code == .cancelled)
        }
    }

    @Test("A host that is shut down meanwhile kills the compiler process and refuses the load")
    func shutdown() async throws {
        let host = try PluginHost(
            PluginHostConfiguration(workers: 1, compilation: .childProcess()),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        var events = RecordedEvents(of: host)
        let load = Task { try await host.load(.bytes(CompileBombs.branchTables), limits: CompileBombs.admitting) }
        _ = await events.first { if case .compiling = $0.kind { true } else { false } }
        await host.shutdown()
        let error = await #expect(throws: PluginError.self) { try await load.value }
        #expect(error?.code == .stopped)
    }

    @Test("Loads of one module at once compile it once, and the cancellation of one leaves the others")
    func shared() async throws {
        let policy = CompilationPolicy.childProcess(limits: CompilerLimits(processorSeconds: 1))
        try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: policy)) { host in
            var events = RecordedEvents(of: host)
            let bomb = PluginSource.bytes(CompileBombs.branchTables)
            let loads = (0..<4).map { number in
                Task { try await host.load(bomb, name: "\(number)", limits: CompileBombs.admitting) }
            }
            let begun = await events.first { if case .compiling = $0.kind { true } else { false } }
            let cancelled = (0..<4).first { "\($0)" != begun?.plugin } ?? 0
            loads[cancelled].cancel()
            for (number, load) in loads.enumerated() {
                let error = await #expect(throws: PluginError.self) { try await load.value }
                #expect(error?.code == (number == cancelled ? .cancelled : .compilation))
                #expect(error?.plugin == "\(number)")
            }
            for _ in loads {
                let event = await events.first {
                    switch $0.kind {
                    case .compiling, .compilationFailed: true
                    default: false
                    }
                }
                guard case .compilationFailed? = event?.kind else { Issue.record("compiled twice"); return }
            }
        }
    }

    @Test("A compiler process ends when the host that would read its answer is gone", .timeLimit(.minutes(1)))
    func orphan() async throws {
        let process = Process()
        let (request, answer) = (Pipe(), Pipe())
        process.executableURL = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            .split(separator: "/").dropLast().reduce(URL(filePath: "/")) { $0.appending(path: $1) }
            .appending(path: "airlock-compiler")
        process.standardInput = request
        process.standardOutput = answer
        let ended = AsyncStream<Int32>.makeStream()
        process.terminationHandler = {
            ended.continuation.yield($0.terminationStatus)
            ended.continuation.finish()
        }
        try process.run()
        // It waits for a byte of the module that never comes.
        let head = CompilerRequest.Head(
            processorSeconds: 60,
            addressSpaceBytes: 1 << 32,
            outputBytes: 1 << 20,
            settings: CompilerSettings(EngineConfiguration()),
            moduleBytes: 1
        )
        try request.fileHandleForWriting.write(contentsOf: Data(head.bytes))
        try answer.fileHandleForReading.close()
        var status: Int32?
        for await value in ended.stream { status = value }
        #expect(status == 1)
    }

    @Test("A compiler process that was killed leaves nothing behind")
    func reaped() async throws {
        try await withTemporaryFolder { folder in
            let path = try compiler("echo $$ > '\(folder)/pid'; exec cat /dev/zero", in: folder)
            let policy = CompilationPolicy.childProcess(compiler: path, limits: CompilerLimits(outputBytes: 1 << 20))
            try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: policy)) { host in
                _ = await #expect(throws: PluginError.self) { try await host.load(.wat(answering)) }
            }
            let text = try String(contentsOfFile: "\(folder)/pid", encoding: .utf8)
            let process = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            // A process that ended and was not waited for would still be there.
            #expect(kill(process, 0) == -1)
            #expect(errno == ESRCH)
        }
    }

    @Test("Compilations that have no place wait for their turn")
    func turns() async throws {
        let policy = CompilationPolicy(untrusted: .childProcess(compiler: nil), concurrent: 1)
        try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: policy)) { host in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        let text = "(module (func (export \"f\") (result i32) i32.const \(number)))"
                        let plugin = try await host.load(.wat(text))
                        let function = try plugin.function("f", returning: Int32.self)
                        #expect(try await plugin.call(function).value == Int32(number))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(
        "A trusted module does not wait for the same one that is compiled elsewhere for someone else",
        .timeLimit(.minutes(1)))
    func trustsApart() async throws {
        try await withTemporaryFolder { folder in
            let end = "\(folder)/end"
            let path = try compiler("while [ ! -e '\(end)' ]; do sleep 0.1; done; exit 1", in: folder)
            let policy = CompilationPolicy.childProcess(compiler: path)
            try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: policy)) { host in
                var events = RecordedEvents(of: host)
                let untrusted = Task { try await host.load(.wat(answering), name: "untrusted") }
                _ = await events.first { if case .compiling = $0.kind { true } else { false } }
                let trusted = try await host.load(PluginSource(.wat(answering), trust: .trusted), name: "trusted")
                let answer = try trusted.function("answer", returning: Int32.self)
                #expect(try await trusted.call(answer).value == 42)
                try Data().write(to: URL(filePath: end))
                let error = await #expect(throws: PluginError.self) { try await untrusted.value }
                #expect(error?.code == .compilation && error?.plugin == "untrusted")
            }
        }
    }

    @Test("A worker loop serves calls while a load that began on it compiles in the host's process")
    func workerLoop() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: .inProcess)) { host in
            let plugin = try await host.load(.wat(answering))
            let answer = try plugin.function("answer", returning: Int32.self)
            var events = RecordedEvents(of: host)
            let slow = CompileBombs.localsTimesLoops(locals: 300, depth: 150)
            let load = Task(executorPreference: host.loops[0].taskExecutor) {
                try await host.load(.bytes(slow), name: "slow", limits: CompileBombs.admitting)
            }
            _ = await events.first { if case .compiling = $0.kind { true } else { false } }
            for _ in 0..<3 { #expect(try await plugin.call(answer).value == 42) }
            // The calls did not wait for the compilation: its end is announced after this mark.
            let marker = try await host.load(.wat("(module (func))"), name: "marker")
            let first = await events.first {
                if case .compiled = $0.kind { true } else { false }
            }
            #expect(first?.plugin == "marker")
            _ = try await load.value
            await marker.unload()
        }
    }

    @Test(
        "Settings out of their range are refused",
        arguments: [
            CompilationPolicy(concurrent: 0), CompilationPolicy(concurrent: 65),
            .childProcess(limits: CompilerLimits(processorSeconds: 0)),
            .childProcess(limits: CompilerLimits(deadline: .zero)),
            .childProcess(limits: CompilerLimits(memory: 1 << 20)),
            .childProcess(limits: CompilerLimits(outputBytes: 0)), .childProcess(cache: .folder("")),
            .childProcess(cache: .folder("/tmp/airlock-x", maximumBytes: 1)),
        ]
    )
    func ranges(policy: CompilationPolicy) async throws {
        let error = await #expect(throws: PluginError.self) {
            try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: policy)) { _ in }
        }
        #expect(error?.code == .configuration)
    }

    /// An executable that runs `script` where a compiler is expected.
    private func compiler(_ script: String, in folder: String) throws -> String {
        let path = "\(folder)/compiler-\(UUID().uuidString)"
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        return path
    }
}
