import Airlock

/// What concerns a descriptor itself.
extension WASI {
    static var descriptorFunctions: [HostFunction<Self>] {
        [
            .wasi("fd_close") { (wasi, call, number: UInt32) throws(WASIFailure) in
                try wasi.table(call).close(number)
            },
            .wasi("fd_renumber") { (wasi, call, from: UInt32, to: UInt32) throws(WASIFailure) in
                try wasi.table(call).renumber(from, to)
            },
            .wasi("fd_fdstat_get") { (wasi, call, number: UInt32, result: UInt32) throws(WASIFailure) in
                let descriptor = try wasi.table(call).descriptor(number)
                let state = descriptor.state
                try call.put(
                    UInt16(descriptor.kind).littleEndianBytes + state.flags.rawValue.littleEndianBytes
                        + UInt32(0).littleEndianBytes + state.rights.rawValue.littleEndianBytes
                        + state.inheriting.rawValue.littleEndianBytes,
                    at: result
                )
            },
            .wasi("fd_fdstat_set_flags") { (wasi, call, number: UInt32, flags: UInt32) throws(WASIFailure) in
                let descriptor = try wasi.table(call).descriptor(number, .setFlags)
                let flags = try WASIDescriptorFlags(guest: flags)
                descriptor.change { $0.flags = flags }
            },
            .wasi("fd_fdstat_set_rights") {
                (wasi, call, number: UInt32, rights: UInt64, inheriting: UInt64) throws(WASIFailure) in
                let descriptor = try wasi.table(call).descriptor(number)
                let (rights, inheriting) = (WASIRights(rawValue: rights), WASIRights(rawValue: inheriting))
                let state = descriptor.state
                guard state.rights.isSuperset(of: rights), state.inheriting.isSuperset(of: inheriting) else {
                    throw .errno(.notCapable)
                }
                descriptor.change { ($0.rights, $0.inheriting) = (rights, inheriting) }
            },
            .wasi("fd_prestat_get") { (wasi, call, number: UInt32, result: UInt32) throws(WASIFailure) in
                let name = try wasi.preopenedName(number, call)
                try call.put(UInt32(0).littleEndianBytes + UInt32(clamping: name.count).littleEndianBytes, at: result)
            },
            .wasi("fd_prestat_dir_name") {
                (wasi, call, number: UInt32, room: UInt32, capacity: UInt32) throws(WASIFailure) in
                let name = try wasi.preopenedName(number, call)
                try call.checkRoom(capacity, at: room)
                guard capacity >= name.count else { throw .errno(.nameTooLong) }
                try call.put(name, at: room)
            },
            .wasi("fd_tell") { (wasi, call, number: UInt32, result: UInt32) throws(WASIFailure) in
                let descriptor = try wasi.table(call).descriptor(number)
                _ = try descriptor.file
                try call.put(descriptor.state.position, at: result)
            },
            .wasiWaiting("fd_seek") {
                (wasi, call, number: UInt32, offset: Int64, whence: UInt32, result: UInt32) throws(WASIFailure) in
                let descriptor = try wasi.table(call).descriptor(number)
                let file = try descriptor.file
                try call.checkRoom(8, at: result)
                guard whence == 2 else {
                    guard whence <= 1 else { throw .errno(.invalid) }
                    let position = try descriptor.move(to: offset, from: whence == 0 ? 0 : descriptor.state.position)
                    try call.put(position, at: result)
                    return .done
                }
                return try wasi.onDisk { () throws(FileFailure) in
                    try file.status.size
                } then: { (call, size) throws(WASIFailure) in
                    try call.put(try descriptor.move(to: offset, from: size), at: result)
                }
            },
        ]
    }

    private func preopenedName(_ number: UInt32, _ call: borrowing HostCall) throws(WASIFailure) -> [UInt8] {
        let descriptor = try table(call).descriptor(number)
        guard case .folder(let folder) = descriptor.target, folder.isPreopened else { throw .errno(.badDescriptor) }
        return Array(folder.grant.guestPath.utf8)
    }
}

extension WASIDescriptor {
    /// Sets the position to what is so far from a start.
    fileprivate func move(to offset: Int64, from start: UInt64) throws(WASIFailure) -> UInt64 {
        let (position, overflow) = Int64(clamping: start).addingReportingOverflow(offset)
        guard !overflow, position >= 0 else { throw .errno(.invalid) }
        change { $0.position = UInt64(position) }
        return UInt64(position)
    }
}

extension WASIDescriptorFlags {
    init(guest flags: UInt32) throws(WASIFailure) {
        guard flags <= UInt32(Self.all.rawValue) else { throw .errno(.invalid) }
        self.init(rawValue: UInt16(flags))
    }
}
