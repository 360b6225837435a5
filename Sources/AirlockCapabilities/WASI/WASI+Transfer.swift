import Airlock

/// Reading and writing.
extension WASI {
    /// The most bytes that a standard stream takes at once.
    static let maximumOutput = 64 << 10

    static var transferFunctions: [HostFunction<Self>] {
        [
            .wasiWaiting("fd_read") {
                (wasi, call, number: UInt32, list: UInt32, count: UInt32, result: UInt32) throws(WASIFailure) in
                let descriptor = try wasi.table(call).descriptor(number, .read)
                let pieces = try call.pieces(count, at: list)
                try call.checkRoom(4, at: result)
                if case .input = descriptor.target {
                    try call.put(UInt32(0), at: result)
                    return .done
                }
                return try wasi.read(pieces, descriptor, nil, result)
            },
            .wasiWaiting("fd_pread") {
                (wasi, call, number: UInt32, list: UInt32, count: UInt32, offset: UInt64, result: UInt32)
                    throws(WASIFailure) in
                let descriptor = try wasi.table(call).descriptor(number, .read)
                let pieces = try call.pieces(count, at: list)
                try call.checkRoom(4, at: result)
                return try wasi.read(pieces, descriptor, offset, result)
            },
            .wasiWaiting("fd_write") {
                (wasi, call, number: UInt32, list: UInt32, count: UInt32, result: UInt32) throws(WASIFailure) in
                let descriptor = try wasi.table(call).descriptor(number, .write)
                let pieces = try call.pieces(count, at: list)
                try call.checkRoom(4, at: result)
                if case .output(let output) = descriptor.target {
                    let taken = try output.write(try call.gather(pieces, limit: maximumOutput), for: call)
                    try call.put(UInt32(taken), at: result)
                    return .done
                }
                return try wasi.write(
                    try call.gather(pieces, limit: FileAccess.maximumTransfer), descriptor, nil, result)
            },
            .wasiWaiting("fd_pwrite") {
                (wasi, call, number: UInt32, list: UInt32, count: UInt32, offset: UInt64, result: UInt32)
                    throws(WASIFailure) in
                let descriptor = try wasi.table(call).descriptor(number, .write)
                let pieces = try call.pieces(count, at: list)
                try call.checkRoom(4, at: result)
                let bytes = try call.gather(pieces, limit: FileAccess.maximumTransfer)
                return try wasi.write(bytes, descriptor, offset, result)
            },
        ]
    }

    /// Writes to a file.
    /// - Parameter offset: where, or nil for the descriptor's position, which is moved. A write that did not reach the disk, where it
    ///   should have, fails and moves nothing.
    private func write(
        _ bytes: [UInt8], _ descriptor: WASIDescriptor, _ offset: UInt64?, _ result: UInt32
    ) throws(WASIFailure) -> WASIWork {
        let file = try descriptor.file
        guard let usage = files?.usage else { throw .errno(.badDescriptor) }
        let state = descriptor.state
        // As on POSIX systems but Linux, an offset that is given counts also where everything else is appended.
        let start = offset ?? (state.flags.contains(.append) ? nil : state.position)
        return try onDisk { () throws(FileFailure) in
            let written = try usage.write(bytes, to: file, at: start)
            if state.flags.synchronizes { try file.synchronize() }
            return written
        } then: { (call, written) throws(WASIFailure) in
            if offset == nil { descriptor.change { $0.position = written.start + UInt64(written.count) } }
            try call.put(UInt32(written.count), at: result)
        }
    }

    /// Reads from a file.
    /// - Parameter offset: where, or nil for the descriptor's position, which is moved.
    private func read(
        _ pieces: [GuestBuffer], _ descriptor: WASIDescriptor, _ offset: UInt64?, _ result: UInt32
    ) throws(WASIFailure) -> WASIWork {
        let file = try descriptor.file
        let start = offset ?? descriptor.state.position
        let count = pieces.capacity(limit: FileAccess.maximumTransfer)
        return try onDisk { () throws(FileFailure) in
            try file.read(count, at: start)
        } then: { (call, bytes) throws(WASIFailure) in
            try call.scatter(bytes, into: pieces)
            if offset == nil { descriptor.change { $0.position = start + UInt64(bytes.count) } }
            try call.put(UInt32(bytes.count), at: result)
        }
    }
}
