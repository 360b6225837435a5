public import Airlock

/// WASI preview 1 (`wasi_snapshot_preview1`) on top of other grants, for guests that were built with a C library, Rust or Swift for WASI.
///
///     let wasi = WASI(arguments: ["resize", "--width", "64"], clock: Clock(), randomness: Randomness(), log: Logging(to: logger))
///     let plugin = try await host.loadSuspendable(.file("resize.wasm"), granting: [wasi])
///     let exit = try await plugin.runCommand().value
///
/// All functions are there for every plugin. What was not granted is answered as the ABI says, and the guest decides:
///
/// | not granted | what a guest sees |
/// | --- | --- |
/// | ``files`` | no preopened folders; other descriptors are `badf` |
/// | ``log`` | standard output and error are closed: `badf` |
/// | ``clock`` | `notcapable`, for reading it and for sleeping |
/// | ``randomness`` | `notcapable` |
/// | ``environment`` | no variables |
/// | sockets | `notsock`, or `badf` |
///
/// - Standard input is empty. Each line of standard output is a message of the level "info" in the log, each of standard error one of the
///   level "error"; they say that they are terminals, so that C libraries write each line when it ends.
/// - `poll_oneoff` parks the guest, and the worker loop serves others. A sleep ends with the call's deadline or cancellation at the latest.
///   Where the clock is frozen a guest still sleeps for as long as it says.
/// - What ``FileAccess`` refuses as a denial is `notcapable`. Symbolic links are not followed, and hard and symbolic links cannot be made
///   (`perm`). Paths are relative to a descriptor and may not leave its folder. Descriptors belong to the instance and are closed with it.
/// - `again` answers a file operation where 256 of the grant wait for the disk already; the guest may try it again.
/// - `proc_exit` ends the call with ``PluginError/Code/exit`` and the code in ``PluginError/exitCode``;
///   ``SuspendablePlugin/runCommand()`` returns it.
/// - Pointers that are not valid are `fault`. One call reads or writes at most ``FileAccess/maximumTransfer`` bytes of a file and 64 KiB
///   or 256 lines of a standard stream, and says how many; an array has at most 1024 pieces, a poll 256 subscriptions.
public struct WASI: Capability {
    public static let id: CapabilityID = "airlock:wasi"

    /// The arguments, by convention with the program's name first.
    public var arguments: [String]
    /// The variables that the guest sees.
    public var environment: Environment?
    /// The clocks, and the right to sleep.
    public var clock: Clock?
    /// Random bytes.
    public var randomness: Randomness?
    /// Where standard output and error go.
    public var log: Logging?
    /// The folders that the guest finds open, from descriptor 3 on.
    public var files: FileAccess?

    /// Grants nothing but what is named here.
    public init(
        arguments: [String] = [],
        environment: Environment? = nil,
        clock: Clock? = nil,
        randomness: Randomness? = nil,
        log: Logging? = nil,
        files: FileAccess? = nil
    ) {
        self.arguments = arguments
        self.environment = environment
        self.clock = clock
        self.randomness = randomness
        self.log = log
        self.files = files
    }

    public static let functions = HostFunctions<Self>(
        module: "wasi_snapshot_preview1",
        processFunctions + clockFunctions + descriptorFunctions + transferFunctions + statusFunctions + pathFunctions
            + linkFunctions + pollFunctions + socketFunctions
    )
}
