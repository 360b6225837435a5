import Airlock

/// WASI's files and sockets: there are none, but many guests import the functions without calling them.
extension ProxyWasmABI {
    static var fileFunctions: [HostFunction<Self>] {
        descriptorFunctions + outputDescriptorFunctions + pathFunctions
    }

    private static var descriptorFunctions: [HostFunction<Self>] {
        [
            constant("fd_close", 0, UInt32.self),
            constant("fd_seek", 0, UInt32.self, UInt64.self, UInt32.self, UInt32.self),
            constant("fd_read", WASIErrno.noSystemCall, UInt32.self, UInt32.self, UInt32.self, UInt32.self),
            constant(
                "fd_pread", WASIErrno.noSystemCall, UInt32.self, UInt32.self, UInt32.self,
                UInt64.self, UInt32.self),
            constant("fd_fdstat_set_flags", WASIErrno.noSystemCall, UInt32.self, UInt32.self),
            constant("fd_prestat_get", WASIErrno.badDescriptor, UInt32.self, UInt32.self),
            constant(
                "fd_prestat_dir_name", WASIErrno.noSystemCall, UInt32.self, UInt32.self,
                UInt32.self),
            constant("fd_filestat_get", WASIErrno.badDescriptor, UInt32.self, UInt32.self),
            constant("fd_advise", 0, UInt32.self, UInt64.self, UInt64.self, UInt32.self),
            HostFunction("fd_readdir") {
                (abi, call, _: UInt32, _: UInt32, _: UInt32, _: UInt64, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answerWASI(Use(name: "fd_readdir"), call) { (_) throws(Refusal) in
                    try call.store(UInt32(0), at: result)
                    throw .errno(WASIErrno.notDirectory)
                }
            },
            HostFunction("fd_renumber") { (abi, call, from: UInt32, to: UInt32) throws(HostError) -> UInt32 in
                try abi.answerWASI(Use(name: "fd_renumber"), call) { (_) throws(Refusal) in
                    throw .errno(isOutput(from) && isOutput(to) ? WASIErrno.notSupported : WASIErrno.badDescriptor)
                }
            },
            HostFunction("fd_tell") { (abi, call, fd: UInt32, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answerWASI(Use(name: "fd_tell"), call) { (_) throws(Refusal) in
                    guard isOutput(fd) else { throw .errno(WASIErrno.badDescriptor) }
                    try call.store(UInt64(0), at: result)
                }
            },
        ]
    }

    /// Functions that succeed on standard output and error, and do nothing.
    private static var outputDescriptorFunctions: [HostFunction<Self>] {
        [
            onOutput("fd_allocate", UInt64.self, UInt64.self),
            onOutput("fd_datasync"),
            onOutput("fd_sync"),
            onOutput("fd_fdstat_set_rights", UInt64.self, UInt64.self),
            onOutput("fd_filestat_set_size", UInt64.self),
            onOutput("fd_filestat_set_times", UInt64.self, UInt64.self, UInt32.self),
        ]
    }

    private static var pathFunctions: [HostFunction<Self>] {
        [
            constant(
                "path_open", WASIErrno.noEntry, UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt32.self,
                UInt64.self,
                UInt64.self, UInt32.self, UInt32.self),
            unsupported("path_create_directory", UInt32.self, UInt32.self, UInt32.self),
            unsupported("path_filestat_get", UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt32.self),
            unsupported(
                "path_filestat_set_times", UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt64.self, UInt64.self,
                UInt32.self),
            unsupported(
                "path_link", UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt32.self),
            unsupported("path_readlink", UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt32.self),
            unsupported("path_remove_directory", UInt32.self, UInt32.self, UInt32.self),
            unsupported("path_rename", UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt32.self),
            unsupported("path_symlink", UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt32.self),
            unsupported("path_unlink_file", UInt32.self, UInt32.self, UInt32.self),
        ]
    }

    static var socketFunctions: [HostFunction<Self>] {
        [
            unsupported("sock_accept", UInt32.self, UInt32.self, UInt32.self),
            unsupported("sock_recv", UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt32.self),
            unsupported("sock_send", UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt32.self),
            unsupported("sock_shutdown", UInt32.self, UInt32.self),
        ]
    }

    private static func unsupported<each Parameter: HostParameter>(
        _ name: String, _ parameter: repeat (each Parameter).Type
    ) -> HostFunction<Self> {
        constant(name, WASIErrno.notSupported, repeat each parameter)
    }

    private static func onOutput<each Parameter: HostParameter>(
        _ name: String, _ parameter: repeat (each Parameter).Type
    ) -> HostFunction<Self> {
        HostFunction(name) {
            (abi: Self, call: borrowing HostCall, fd: UInt32, _: repeat each Parameter) throws(HostError) -> UInt32 in
            try abi.answerWASI(Use(name: name), call) { (_) throws(Refusal) in
                guard isOutput(fd) else { throw .errno(WASIErrno.badDescriptor) }
            }
        }
    }

    private static func isOutput(_ fd: UInt32) -> Bool { fd == 1 || fd == 2 }
}
