import Airlock
import Logging
import WorkerLoop

/// The WASI functions that filters import, in both of their modules, as Envoy's host answers them: standard output
/// and error go to the log, clocks and randomness work, and there are no files, arguments or sockets. Names, types
/// and error numbers are those of WASI preview 1.
extension ProxyWasmABI {
    /// The most bytes that one `random_get` fills.
    static let maximumRandomBytes: UInt32 = 64 << 10
    /// The most pieces of one `fd_write`.
    static let maximumPieces: UInt32 = 1024

    static var wasiFunctions: [HostFunction<Self>] {
        outputFunctions + clockFunctions + argumentFunctions + processFunctions + fileFunctions + socketFunctions
    }

    private static var outputFunctions: [HostFunction<Self>] {
        [
            HostFunction("fd_write") {
                (abi, call, fd: UInt32, pieces: UInt32, count: UInt32, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answerWASI(
                    Use(name: "fd_write", needs: .fdWrite, whileAllocating: true), call
                ) { (vm) throws(Refusal) in
                    try call.store(try call.write(fd, pieces, count, vm), at: result)
                }
            },
            HostFunction("fd_pwrite") {
                (abi, call, fd: UInt32, pieces: UInt32, count: UInt32, _: UInt64, result: UInt32) throws(HostError)
                    -> UInt32 in
                try abi.answerWASI(Use(name: "fd_pwrite", needs: .fdPwrite), call) {
                    (vm) throws(Refusal) in
                    try call.store(try call.write(fd, pieces, count, vm), at: result)
                }
            },
            HostFunction("fd_fdstat_get") { (abi, call, fd: UInt32, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answerWASI(Use(name: "fd_fdstat_get"), call) { (_) throws(Refusal) in
                    guard fd == 1 || fd == 2 else { throw .errno(WASIErrno.badDescriptor) }
                    // Type and flags unknown; the right to write, and none to inherit.
                    try call.store(UInt64(0), at: result)
                    try call.store(UInt64(64), at: result &+ 8)
                    try call.store(UInt64(0), at: result &+ 16)
                }
            },
        ]
    }

    private static var clockFunctions: [HostFunction<Self>] {
        [
            HostFunction("clock_time_get") {
                (abi, call, clock: UInt32, _: UInt64, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answerWASI(
                    Use(name: "clock_time_get", needs: .clockTimeGet, whileAllocating: true), call
                ) { (_) throws(Refusal) in
                    switch clock {
                    case 0: try call.store(WallClock.nanoseconds, at: result)
                    case 1: try call.store(MonotonicInstant.now.nanoseconds, at: result)
                    default: throw .errno(WASIErrno.notSupported)
                    }
                }
            },
            HostFunction("clock_res_get") { (abi, call, clock: UInt32, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answerWASI(Use(name: "clock_res_get"), call) { (_) throws(Refusal) in
                    guard clock <= 1 else { throw .errno(WASIErrno.notSupported) }
                    try call.store(UInt64(1), at: result)
                }
            },
        ]
    }

    private static var argumentFunctions: [HostFunction<Self>] {
        [
            HostFunction("environ_sizes_get") { (abi, call, count: UInt32, size: UInt32) throws(HostError) -> UInt32 in
                try abi.answerWASI(Use(name: "environ_sizes_get"), call) { (vm) throws(Refusal) in
                    let variables = vm.environment
                    try call.store(UInt32(clamping: variables.count), at: count)
                    try call.store(UInt32(clamping: variables.reduce(0) { $0 + $1.count }), at: size)
                }
            },
            HostFunction("environ_get") { (abi, call, pointers: UInt32, texts: UInt32) throws(HostError) -> UInt32 in
                try abi.answerWASI(Use(name: "environ_get"), call) { (vm) throws(Refusal) in
                    var (pointer, text) = (pointers, texts)
                    for variable in vm.environment {
                        let room = GuestBuffer(offset: text, capacity: UInt32(clamping: variable.count))
                        try call.store(text, at: pointer)
                        // A UInt8 has no padding, so every byte of the view is initialised.
                        try call.fill(room) { $0.copy(unsafe variable.span.bytes, at: 0) }
                        pointer &+= 4
                        text &+= room.capacity
                    }
                }
            },
            HostFunction("args_sizes_get") { (abi, call, count: UInt32, size: UInt32) throws(HostError) -> UInt32 in
                try abi.answerWASI(Use(name: "args_sizes_get"), call) { (_) throws(Refusal) in
                    try call.store(UInt32(0), at: count)
                    try call.store(UInt32(0), at: size)
                }
            },
            constant("args_get", 0, UInt32.self, UInt32.self),
        ]
    }

    private static var processFunctions: [HostFunction<Self>] {
        [
            HostFunction("random_get") { (abi, call, bytes: UInt32, count: UInt32) throws(HostError) -> UInt32 in
                try abi.answerWASI(Use(name: "random_get", needs: .randomGet), call) {
                    (_) throws(Refusal) in
                    guard count <= maximumRandomBytes else { throw .errno(WASIErrno.invalid) }
                    guard let random = SystemRandom.bytes(Int(count)) else { throw .errno(WASIErrno.inputOutput) }
                    // A UInt8 has no padding, so every byte of the view is initialised.
                    try call.fill(GuestBuffer(offset: bytes, capacity: count)) {
                        $0.copy(unsafe random.span.bytes, at: 0)
                    }
                }
            },
            // Go's runtime needs success with no events.
            HostFunction("poll_oneoff") {
                (abi, call, _: UInt32, _: UInt32, _: UInt32, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answerWASI(
                    Use(name: "poll_oneoff", whileAllocating: true), call
                ) { (_) throws(Refusal) in
                    try call.store(UInt32(0), at: result)
                }
            },
            // Envoy's host logs the exit and goes on; what follows in the guest is usually a trap of its own.
            HostFunction("proc_exit") { (abi, call, code: UInt32) throws(HostError) in
                _ = try abi.answerWASI(Use(name: "proc_exit"), call) { (vm) throws(Refusal) in
                    vm.log(.error, "the filter called proc_exit(\(code)), which ends nothing here")
                }
            },
            constant("sched_yield", 0),
        ]
    }

    /// A function that does nothing but answer.
    static func constant<each Parameter: HostParameter>(
        _ name: String,
        _ errno: UInt32,
        _ parameter: repeat (each Parameter).Type
    ) -> HostFunction<Self> {
        HostFunction(name) {
            (abi: Self, call: borrowing HostCall, _: repeat each Parameter) throws(HostError) -> UInt32 in
            try abi.answerWASI(Use(name: name), call) { (_) throws(Refusal) in
                throw .errno(errno)
            }
        }
    }
}

/// Error numbers of WASI preview 1 ("errno").
enum WASIErrno {
    static let badDescriptor: UInt32 = 8
    static let fault: UInt32 = 21
    static let invalid: UInt32 = 28
    static let inputOutput: UInt32 = 29
    static let noEntry: UInt32 = 44
    static let noSystemCall: UInt32 = 52
    static let notDirectory: UInt32 = 54
    static let notSupported: UInt32 = 58
    static let notCapable: UInt32 = 76
}

extension VMState {
    /// The environment as WASI passes it: `name=value NUL` each, in the order of the names.
    fileprivate var environment: [[UInt8]] {
        key.environment.sorted { $0.key < $1.key }.map { Array("\($0.key)=\($0.value)\0".utf8) }
    }
}

extension HostCall {
    /// Writes the pieces to the log: standard output as "info", standard error as "error", without one newline at the
    /// end.
    /// - Returns: How many bytes were taken.
    fileprivate func write(_ fd: UInt32, _ pieces: UInt32, _ count: UInt32, _ vm: VMState) throws(Refusal) -> UInt32 {
        guard fd == 1 || fd == 2 else { throw .errno(WASIErrno.badDescriptor) }
        guard count <= ProxyWasmABI.maximumPieces else { throw .errno(WASIErrno.invalid) }
        let list = try copy(GuestBytes(offset: pieces, count: count * 8))
        var text: [UInt8] = []
        var written: UInt32 = 0
        for index in 0..<Int(count) {
            let piece = GuestBytes(offset: list.loadUInt32(at: 8 * index), count: list.loadUInt32(at: 8 * index + 4))
            try read(piece) { (span) throws(Refusal) in
                let room = ProxyWasmABI.maximumMessageBytes - text.count
                text += span.copy(0..<min(room, span.byteCount))
            }
            written &+= piece.count
        }
        if text.last == 0x0A { text.removeLast() }
        if written > 0 {
            let line = LogText.make(text, atMost: ProxyWasmABI.maximumMessageBytes).text
            try chargeLog(line)
            vm.log(fd == 1 ? .info : .error, line)
        }
        return written
    }
}

extension [UInt8] {
    /// The 32-bit number in little endian at an offset that lies within the array.
    fileprivate func loadUInt32(at offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(self[offset + $1]) << (8 * $1) }
    }
}
