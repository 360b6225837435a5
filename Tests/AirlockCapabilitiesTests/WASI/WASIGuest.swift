import Airlock
import AirlockCapabilities

/// The functions of WASI preview 1 with their WebAssembly types, as the witx definition gives them.
let wasiFunctions: KeyValuePairs<String, String> = [
    "args_get": "i32 i32", "args_sizes_get": "i32 i32", "environ_get": "i32 i32", "environ_sizes_get": "i32 i32",
    "clock_res_get": "i32 i32", "clock_time_get": "i32 i64 i32", "fd_advise": "i32 i64 i64 i32",
    "fd_allocate": "i32 i64 i64", "fd_close": "i32", "fd_datasync": "i32", "fd_fdstat_get": "i32 i32",
    "fd_fdstat_set_flags": "i32 i32", "fd_fdstat_set_rights": "i32 i64 i64", "fd_filestat_get": "i32 i32",
    "fd_filestat_set_size": "i32 i64", "fd_filestat_set_times": "i32 i64 i64 i32", "fd_pread": "i32 i32 i32 i64 i32",
    "fd_prestat_get": "i32 i32", "fd_prestat_dir_name": "i32 i32 i32", "fd_pwrite": "i32 i32 i32 i64 i32",
    "fd_read": "i32 i32 i32 i32", "fd_readdir": "i32 i32 i32 i64 i32", "fd_renumber": "i32 i32",
    "fd_seek": "i32 i64 i32 i32", "fd_sync": "i32", "fd_tell": "i32 i32", "fd_write": "i32 i32 i32 i32",
    "path_create_directory": "i32 i32 i32", "path_filestat_get": "i32 i32 i32 i32 i32",
    "path_filestat_set_times": "i32 i32 i32 i32 i64 i64 i32", "path_link": "i32 i32 i32 i32 i32 i32 i32",
    "path_open": "i32 i32 i32 i32 i32 i64 i64 i32 i32", "path_readlink": "i32 i32 i32 i32 i32 i32",
    "path_remove_directory": "i32 i32 i32", "path_rename": "i32 i32 i32 i32 i32 i32",
    "path_symlink": "i32 i32 i32 i32 i32", "path_unlink_file": "i32 i32 i32", "poll_oneoff": "i32 i32 i32 i32",
    "proc_exit": "i32", "proc_raise": "i32", "random_get": "i32 i32", "sched_yield": "", "sock_accept": "i32 i32 i32",
    "sock_recv": "i32 i32 i32 i32 i32 i32", "sock_send": "i32 i32 i32 i32 i32", "sock_shutdown": "i32 i32",
]

/// The error numbers that the tests expect. Source: the witx definition of `errno`.
enum Errno {
    static let again: Int32 = 6
    static let badf: Int32 = 8, dquot: Int32 = 19, exist: Int32 = 20, fault: Int32 = 21, fbig: Int32 = 22
    static let ilseq: Int32 = 25, inval: Int32 = 28, isdir: Int32 = 31, mfile: Int32 = 33, nametoolong: Int32 = 37
    static let nfile: Int32 = 41, noent: Int32 = 44, notdir: Int32 = 54, notempty: Int32 = 55, notsock: Int32 = 57
    static let notsup: Int32 = 58, perm: Int32 = 63, spipe: Int32 = 70, xdev: Int32 = 75, notcapable: Int32 = 76
}

/// A guest that imports all of WASI and calls what a test tells it to.
struct WASIGuest {
    let guest: ForwardingGuest
    var plugin: SuspendablePlugin { guest.plugin }

    init(
        _ host: PluginHost, _ wasi: WASI, name: String = "guest",
        limits: PluginLimits = PluginLimits(deadline: .seconds(60))
    ) async throws {
        guest = try await ForwardingGuest(
            host, calling: wasiFunctions, of: "wasi_snapshot_preview1", granting: wasi, name: name, limits: limits)
    }

    /// Calls a function of WASI and gives its answer.
    @discardableResult
    func call(_ name: String, _ arguments: UInt64...) async throws -> Int32 {
        try await guest.call(name, arguments)
    }

    func poke(_ bytes: [UInt8], at offset: Int) async throws { try await guest.poke(bytes, at: offset) }

    func poke(_ text: String, at offset: Int) async throws { try await guest.poke(Array(text.utf8), at: offset) }

    /// Writes numbers of 32 bits into the guest's memory.
    func poke(_ numbers: UInt32..., at offset: Int) async throws {
        try await guest.poke(numbers.flatMap(littleEndian), at: offset)
    }

    func peek(_ count: Int, at offset: Int) async throws -> [UInt8] { try await guest.peek(count, at: offset) }

    func peekText(_ count: Int, at offset: Int) async throws -> String {
        String(decoding: try await guest.peek(count, at: offset), as: UTF8.self)
    }

    /// A number of the guest's memory.
    func peek<Integer: FixedWidthInteger>(_ type: Integer.Type, at offset: Int) async throws -> Integer {
        try await guest.peek(Integer.bitWidth / 8, at: offset).reversed()
            .reduce(0) { $0 << 8 | Integer(truncatingIfNeeded: $1) }
    }

    /// Opens a path, with the rights to read and write unless others are named, and gives the errno and the descriptor.
    func open(
        _ path: String, in folder: UInt64 = 3, flags: UInt64 = 0, rights: UInt64 = ~0, descriptorFlags: UInt64 = 0
    ) async throws -> (errno: Int32, descriptor: UInt64) {
        try await poke(path, at: 1024)
        let errno = try await call(
            "path_open", folder, 1, 1024, UInt64(path.utf8.count), flags, rights, ~0, descriptorFlags, 16)
        return (errno, UInt64(try await peek(UInt32.self, at: 16)))
    }

    /// Calls a function whose arguments are a folder's descriptor, a path, and others.
    func path(_ name: String, _ path: String, in folder: UInt64 = 3, _ others: UInt64...) async throws -> Int32 {
        try await poke(path, at: 1024)
        return try await guest.call(name, [folder, 1024, UInt64(path.utf8.count)] + others)
    }

    /// Writes text in one piece, and gives the errno and the count.
    func write(_ text: String, to descriptor: UInt64) async throws -> (errno: Int32, count: UInt32) {
        try await poke(text, at: 4096)
        try await poke(4096, UInt32(text.utf8.count), at: 32)
        let errno = try await call("fd_write", descriptor, 32, 1, 16)
        return (errno, try await peek(UInt32.self, at: 16))
    }

    /// Reads up to 100 bytes in two pieces.
    func read(_ descriptor: UInt64) async throws -> String {
        try await poke(4096, 3, 8192, 97, at: 32)
        let errno = try await call("fd_read", descriptor, 32, 2, 16)
        guard errno == 0 else { return "errno \(errno)" }
        let count = Int(try await peek(UInt32.self, at: 16))
        return try await peekText(min(3, count), at: 4096) + peekText(max(0, count - 3), at: 8192)
    }
}
