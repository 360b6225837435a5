/// What one plugin may use. Every field is a bound that the host enforces; what a call really used comes back in
/// its ``CallReport``, and the first bound that is passed ends the call with a ``PluginError`` naming it.
///
/// ## Topics
/// ### Per call
/// - ``fuel``
/// - ``deadline``
/// - ``hostCalls``
/// - ``outputBytes``
/// ### Per instance
/// - ``memory``
/// - ``tableElements``
/// ### Per plugin
/// - ``concurrentCalls``
/// - ``callsPerInstance``
/// - ``loopShare``
/// - ``crashLoop``
public struct PluginLimits: Sendable, Hashable {
    /// Fuel per call. The engine charges about one unit per WebAssembly instruction, and bulk operations by their
    /// length. The start section and initialisers of a new instance get one such amount of their own.
    public var fuel: UInt64

    /// Wall-clock time per call, counted from its begin; it covers guest code and the host functions it calls.
    /// Checked with the granularity of ``PluginHostConfiguration/epochTick``.
    public var deadline: Duration

    /// How many host functions one call may call.
    public var hostCalls: Int

    /// How many bytes one call may hand out to the host in strings and byte arguments of host functions.
    public var outputBytes: Int

    /// Bytes of linear memory per instance: all its memories together, with their initial sizes and their growth. Rounded down to whole
    /// pages of 64 KiB. Growth over it is refused as WebAssembly refuses growth, with -1; see ``PluginError/Code/memory``.
    /// Exception objects that a guest keeps may take as much again, in a heap of their own.
    public var memory: Int

    /// Elements per table of an instance.
    public var tableElements: Int

    /// Calls of a suspendable plugin that may be in flight on one worker loop. One more is refused with
    /// ``PluginError/Code/overloaded``. A run-to-completion plugin has one at a time by its nature.
    public var concurrentCalls: Int

    /// After how many calls an instance is thrown away and a fresh one is made: 1 gives every call an instance
    /// that has seen nothing of any call before it.
    public var callsPerInstance: Int

    /// How much of each worker loop's time the plugin may hold; nil for no limit over several calls. Without one a plugin that runs to
    /// completion can hold its loop for its deadline at each call.
    public var loopShare: LoopShare?

    /// What happens when the plugin fails again and again; nil for nothing: each call gets its chance. Whoever can make a plugin fail by
    /// what they send could keep it from serving others, so it is for plugins whose failures are their own.
    public var crashLoop: CrashLoopPolicy?

    /// What a module may contain at the most. Checked before it is compiled.
    public var module: ModuleBounds

    /// Makes limits; each argument left out keeps its default.
    public init(
        fuel: UInt64 = 100_000_000,
        deadline: Duration = .seconds(1),
        hostCalls: Int = 100_000,
        outputBytes: Int = 16 << 20,
        memory: Int = 16 << 20,
        tableElements: Int = 100_000,
        concurrentCalls: Int = 256,
        callsPerInstance: Int = .max,
        loopShare: LoopShare? = nil,
        crashLoop: CrashLoopPolicy? = nil,
        module: ModuleBounds = ModuleBounds()
    ) {
        self.fuel = fuel
        self.deadline = deadline
        self.hostCalls = hostCalls
        self.outputBytes = outputBytes
        self.memory = memory
        self.tableElements = tableElements
        self.concurrentCalls = concurrentCalls
        self.callsPerInstance = callsPerInstance
        self.loopShare = loopShare
        self.crashLoop = crashLoop
        self.module = module
    }
}

extension PluginLimits {
    func check(plugin: String) throws(PluginError) {
        func demand(_ isRight: Bool, _ name: String, _ value: some Sendable, _ expected: String) throws(PluginError) {
            guard isRight else {
                throw PluginError(
                    .configuration,
                    plugin: plugin,
                    message: "the limit \(name) is \(value), expected \(expected)"
                )
            }
        }
        try demand(fuel > 0, "fuel", fuel, "at least 1")
        try demand(deadline > .zero && deadline <= .year, "deadline", deadline, "more than zero, up to a year")
        try demand(hostCalls >= 0, "hostCalls", hostCalls, "0 or more")
        try demand(outputBytes >= 0, "outputBytes", outputBytes, "0 or more")
        try demand((0...(4 << 30)).contains(memory), "memory", memory, "0 to 4 GiB")
        try demand((0...10_000_000).contains(tableElements), "tableElements", tableElements, "0 to 10,000,000")
        let moduleBytes = module.moduleBytes
        try demand(moduleBytes <= 1 << 32, "module.moduleBytes", moduleBytes, "up to 4 GiB")
        try demand(concurrentCalls >= 1, "concurrentCalls", concurrentCalls, "at least 1")
        try demand(callsPerInstance >= 1, "callsPerInstance", callsPerInstance, "at least 1")
        if let loopShare {
            let isRight = loopShare.perSecond > .zero && loopShare.perSecond <= .seconds(1) && loopShare.burst > .zero
            try demand(isRight, "loopShare", loopShare, "more than zero, and at most a second in each second")
        }
        if let crashLoop {
            let isRight =
                crashLoop.failures >= 1 && crashLoop.quarantineAfter >= 1 && crashLoop.window > .zero
                && crashLoop.firstPause > .zero && crashLoop.longestPause >= crashLoop.firstPause
                && crashLoop.longestPause <= .year
            try demand(
                isRight, "crashLoop", crashLoop,
                "numbers of at least 1 and times of more than zero, pauses up to a year")
        }
    }
}

extension Duration {
    fileprivate static let year = Duration.seconds(365 * 86_400)
}
