/// Where and under which limits a host compiles modules.
///
/// Compiling is the one step that a plugin costs the host before fuel, memory and deadline apply, and the engine cannot be
/// interrupted at it. So modules that are not declared trusted (``ModuleTrust``) are compiled in a process of their own,
/// `airlock-compiler`, which is killed when it takes too much. It is an executable product of this package:
///
///     PluginHostConfiguration(compilation: .childProcess(cache: .folder("/var/cache/gateway/modules")))
///
/// Worker loops never wait for a compilation. Its begin and its end are events of the host
/// (``PluginEvent/Kind/compiling(_:)``, ``PluginEvent/Kind/compiled(_:)``).
///
/// ## Topics
/// ### Choosing
/// - ``childProcess(compiler:limits:cache:)``
/// - ``inProcess``
/// ### Settings
/// - ``untrusted``
/// - ``limits``
/// - ``concurrent``
/// - ``cache``
public struct CompilationPolicy: Sendable, Hashable {
    /// Where an untrusted module is compiled.
    public enum Place: Sendable, Hashable {
        /// In a child process, whose executable is `compiler`, or `airlock-compiler` in the folder of the host's own executable. Where
        /// there is none, a load is refused with ``PluginError/Code/compilation``, which names the path.
        case childProcess(compiler: String?)
        /// In the host's own process, within ``PluginLimits/module`` only: for a host whose plugins are all its own.
        case inProcess
    }

    /// Where a module is compiled that was not declared trusted. Trusted ones are compiled in the host's own process.
    public var untrusted: Place

    /// What a child process may use.
    public var limits: CompilerLimits

    /// How many modules are compiled at a time, 1 to 64. More wait for their turn. A module that several plugins load at once is
    /// compiled once.
    public var concurrent: Int

    /// Where compiled modules are kept, or nil. Nothing is kept by default: a library writes to no disk unasked.
    public var cache: CompilationCache?

    /// Makes a policy; each argument left out keeps its default.
    public init(
        untrusted: Place = .childProcess(compiler: nil),
        limits: CompilerLimits = CompilerLimits(),
        concurrent: Int = 2,
        cache: CompilationCache? = nil
    ) {
        self.untrusted = untrusted
        self.limits = limits
        self.concurrent = concurrent
        self.cache = cache
    }

    /// A child process, or no load. See ``Place/childProcess(compiler:)``.
    public static func childProcess(
        compiler: String? = nil,
        limits: CompilerLimits = CompilerLimits(),
        cache: CompilationCache? = nil
    ) -> CompilationPolicy {
        CompilationPolicy(untrusted: .childProcess(compiler: compiler), limits: limits, cache: cache)
    }

    /// The host's own process. See ``Place/inProcess``.
    public static var inProcess: CompilationPolicy { CompilationPolicy(untrusted: .inProcess) }
}

/// What one compiler process may use. The first limit that is passed ends the process, and the load with
/// ``PluginError/Code/compilation``.
public struct CompilerLimits: Sendable, Hashable {
    /// Processor time, in whole seconds from 1 to 86,400. It compiles on one thread. Code compiles at about 1 MB a second.
    public var processorSeconds: Int

    /// Time from its start to its answer, above zero and up to a day.
    public var deadline: Duration

    /// Address space in bytes, 64 MiB to 1 TiB. The process takes 40 MiB before it begins. Darwin does not enforce it.
    public var memory: Int

    /// Bytes of the compiled module, 1 byte to 4 GiB. The host holds as much.
    public var outputBytes: Int

    /// Makes limits. A program in Go of 9.6 MB took 14 s and 240 MiB where the defaults were measured.
    public init(
        processorSeconds: Int = 60,
        deadline: Duration = .seconds(120),
        memory: Int = 1 << 30,
        outputBytes: Int = 256 << 20
    ) {
        self.processorSeconds = processorSeconds
        self.deadline = deadline
        self.memory = memory
        self.outputBytes = outputBytes
    }
}

/// A folder in which a host keeps compiled modules from one run to the next.
///
/// Compiled modules are machine code, so only what this host, or another one with the same folder, wrote is ever loaded: each entry carries
/// a message authentication code (HMAC with SHA-256) under a key in the folder that only its owner can read. An entry
/// that was changed, cut off, or made for another module, version or setting is deleted, reported as
/// ``PluginEvent/Kind/cacheProblem(_:)``, and the module is compiled again. Several processes of one user may share a folder.
public struct CompilationCache: Sendable, Hashable {
    /// The folder. It is made, for its owner only, where there is none. A folder or key that belongs to another user or that others may
    /// write refuses the host with ``PluginError/Code/configuration``.
    public var folder: String

    /// How many bytes the compiled modules may take, at least 1 MiB. The ones that were not used for longest are deleted first.
    public var maximumBytes: Int

    /// Names a folder.
    public init(folder: String, maximumBytes: Int = 1 << 30) {
        self.folder = folder
        self.maximumBytes = maximumBytes
    }

    /// Names a folder.
    public static func folder(_ path: String, maximumBytes: Int = 1 << 30) -> CompilationCache {
        CompilationCache(folder: path, maximumBytes: maximumBytes)
    }
}

extension CompilationPolicy {
    func check() throws(PluginError) {
        func demand(_ isRight: Bool, _ name: String, _ value: some Sendable, _ expected: String) throws(PluginError) {
            guard isRight else {
                throw PluginError(
                    .configuration,
                    message: "the compilation setting \(name) is \(value), expected \(expected)"
                )
            }
        }
        try demand((1...64).contains(concurrent), "concurrent", concurrent, "1 to 64")
        let seconds = limits.processorSeconds
        try demand((1...86_400).contains(seconds), "processorSeconds", seconds, "1 to 86,400")
        let isShort = limits.deadline > .zero && limits.deadline <= .seconds(86_400)
        try demand(isShort, "deadline", limits.deadline, "above zero and up to a day")
        try demand((64 << 20...1 << 40).contains(limits.memory), "memory", limits.memory, "64 MiB to 1 TiB")
        let output = limits.outputBytes
        try demand((1...4 << 30).contains(output), "outputBytes", output, "1 byte to 4 GiB")
        if let cache {
            try demand(!cache.folder.isEmpty, "cache.folder", "empty", "a path")
            let most = cache.maximumBytes
            try demand((1 << 20...1 << 50).contains(most), "cache.maximumBytes", most, "1 MiB to 1 PiB")
        }
    }
}
