import Airlock

/// Links and sockets: none can be made.
extension WASI {
    static var linkFunctions: [HostFunction<Self>] {
        [
            .wasi("path_link") {
                (
                    wasi, call, number: UInt32, lookup: UInt32, path: UInt32, count: UInt32, newNumber: UInt32,
                    newPath: UInt32, newCount: UInt32
                ) throws(WASIFailure) in
                _ = try wasi.place(number, path, count, .linkSource, call)
                _ = try wasi.place(newNumber, newPath, newCount, .linkTarget, call)
                _ = try follows(lookup)
                throw .errno(.notPermitted)
            },
            .wasi("path_symlink") {
                (wasi, call, target: UInt32, targetCount: UInt32, number: UInt32, path: UInt32, count: UInt32)
                    throws(WASIFailure) in
                _ = try call.text(targetCount, at: target)
                _ = try wasi.place(number, path, count, .symlink, call)
                throw .errno(.notPermitted)
            },
            .wasiWaiting("path_readlink") {
                (
                    wasi, call, number: UInt32, path: UInt32, count: UInt32, room: UInt32, capacity: UInt32,
                    result: UInt32
                )
                    throws(WASIFailure) in
                let place = try wasi.place(number, path, count, .readLink, call).place
                try call.checkRoom(capacity, at: room)
                try call.checkRoom(4, at: result)
                return try wasi.onDisk { () throws(FileFailure) in
                    // Where a link leads says something about the host.
                    try place.refuseLink(try place.status())
                } then: { (_, _) throws(WASIFailure) in
                    throw .errno(.invalid)
                }
            },
        ]
    }

    static var socketFunctions: [HostFunction<Self>] {
        [
            .wasi("sock_accept") { (wasi, call, number: UInt32, _: UInt32, _: UInt32) throws(WASIFailure) in
                try wasi.refuseSocket(number, call)
            },
            .wasi("sock_recv") {
                (wasi, call, number: UInt32, _: UInt32, _: UInt32, _: UInt32, _: UInt32, _: UInt32) throws(WASIFailure)
                in
                try wasi.refuseSocket(number, call)
            },
            .wasi("sock_send") {
                (wasi, call, number: UInt32, _: UInt32, _: UInt32, _: UInt32, _: UInt32) throws(WASIFailure) in
                try wasi.refuseSocket(number, call)
            },
            .wasi("sock_shutdown") { (wasi, call, number: UInt32, _: UInt32) throws(WASIFailure) in
                try wasi.refuseSocket(number, call)
            },
        ]
    }

    private func refuseSocket(_ number: UInt32, _ call: borrowing HostCall) throws(WASIFailure) {
        _ = try table(call).descriptor(number)
        throw .errno(.notSocket)
    }
}
