import Airlock
import AirlockTesting
import Foundation
import Testing
import Wasmtime

/// One repetition of an attack, with what it must end in.
typealias Attack = () async throws -> Void

/// Runs an attack again and again beside healthy plugins on the same worker loops, and looks what it leaves behind.
///
/// It is called in the body of an exit test, so that each case has a process of its own: what is measured is the attack's alone, and an
/// attack that ends the process fails its own test and no other. A process that is not done after five minutes is ended by the system.
///
/// 1. The attack runs once, and the healthy plugins must serve.
/// 2. It is repeated until caches, pools and arenas have their size.
/// 3. It is repeated `repetitions` times, with healthy calls after every sixteenth and after the last. Then there must be as many instances,
///    open files and child processes as before, and no more memory than ``ProcessUsage/growth(since:over:)`` allows. Memory is noisy until
///    each thread's caches are full, and a leak is not: a series that grew is run again, up to seven times, and only a process that grows
///    each time fails.
/// 4. New healthy plugins must load and serve.
/// 5. The host is shut down, after which it must have no instance at all, and the process no child.
///
/// - Parameters:
///   - repetitions: 1,000 unless one repetition takes milliseconds by its nature. `make hostile` makes 1,000 of each.
///   - warmUp: repetitions before the first measurement; by default a tenth of `repetitions`, and ten at the least.
///   - spareInstances: instances that the end of a series may have more than its beginning, for attacks whose calls at the same time leave
///     now one instance for the next call and now another number.
///   - prepare: loads what the attack needs, and returns the attack.
func withstand(
    repetitions: Int = 1_000,
    warmUp: Int? = nil,
    spareInstances: Int = 0,
    _ configuration: PluginHostConfiguration = .hostile(),
    _ prepare: (PluginHost) async throws -> Attack
) async throws {
    let repetitions = max(repetitions, Effort.leastRepetitions)
    // What loops for ever would hang the tests in place of failing.
    alarm(Effort.seconds)
    ErrorBacktraces.stop()
    var ended: PluginHost?
    do {
        try await withPluginHost(configuration) { host in
            ended = host
            let healthy = try await HealthyPlugins(on: host)
            let attack = try await prepare(host)
            func series(_ count: Int) async throws {
                for index in 0..<count {
                    try await attack()
                    if index.isMultiple(of: 16) || index == count - 1 { try await healthy.serve() }
                }
            }
            /// Runs a series and says what grew.
            func measured(_ count: Int) async throws -> [String] {
                let instances = host.instanceCount
                let before = ProcessUsage.now
                try await series(count)
                try await settle("instances", atMost: instances + spareInstances) { host.instanceCount }
                return ProcessUsage.now.growth(since: before, over: count)
            }
            try await series(1)
            // Measured as well, so that all that measuring needs is in memory.
            _ = try await measured(warmUp ?? max(10, repetitions / 10))
            var growth: [String] = []
            for _ in 0..<8 {
                growth = try await measured(repetitions)
                if growth.isEmpty { break }
            }
            try #require(
                growth.isEmpty,
                "\(growth.joined(separator: ", ")), in each of eight series of \(repetitions) repetitions")
            try await HealthyPlugins(on: host).serve()
        }
    } catch let error as ExpectationFailedError {
        throw error
    } catch {
        // What the body of an exit test throws is not shown.
        Issue.record(error)
        throw error
    }
    if let ended { try await settle("instances after the shutdown", atMost: 0) { ended.instanceCount } }
    try await settle("child processes", atMost: 0) { ProcessUsage.hasChildren ? 1 : 0 }
}

/// Waits until what other threads are about to free is freed.
private func settle(_ name: String, atMost most: Int, _ count: () -> Int) async throws {
    let end = ContinuousClock.now + .seconds(10)
    while count() > most, .now < end { await Task.yield() }
    let left = count()
    try #require(left <= most, "there are \(left) \(name), and \(most) were there before")
}

extension PluginHostConfiguration {
    /// The setting of most cases: one worker loop, so that an attack and the healthy plugins share it. Modules are compiled in the same process,
    /// since cases that are not about compiling load hundreds of them.
    static func hostile(
        workers: Int = 1, instances: Int = 10_000, engine: EngineConfiguration = EngineConfiguration()
    ) -> PluginHostConfiguration {
        PluginHostConfiguration(workers: workers, instances: instances, engine: engine, compilation: .inProcess)
    }
}

extension EngineConfiguration {
    /// For cases that load a module in each repetition, and are not about what the compiler makes of it.
    static let quickCompiling = EngineConfiguration(optimization: .none)
}

/// Plugins that do no harm and must be served whatever others do.
private struct HealthyPlugins {
    private let plugin: Plugin
    private let suspendable: SuspendablePlugin
    private let add: GuestFunction<Int32, Int32, Int32>

    init(on host: PluginHost) async throws {
        let guest = PluginSource.wat(
            #"""
            (module
              (memory (export "memory") 1)
              (func (export "add") (param i32 i32) (result i32)
                (i32.store (i32.const 0) (local.get 0))
                (i32.add (i32.load (i32.const 0)) (local.get 1))))
            """#
        ).trusted()
        // The machine may be busy with other tests.
        let limits = PluginLimits(deadline: .seconds(10))
        plugin = try await host.load(guest, name: "healthy", limits: limits)
        suspendable = try await host.loadSuspendable(guest, name: "healthy-suspendable", limits: limits)
        add = try plugin.function("add", taking: Int32.self, Int32.self, returning: Int32.self)
    }

    func serve() async throws {
        try #require(try await plugin.call(add, 20, 22).value == 42)
        try #require(try await suspendable.call(add, 40, 2).value == 42)
    }
}
