import Airlock

extension FileAccess {
    /// Work that makes bytes for the room that the guest gave, which was checked.
    func reading(
        _ path: String,
        into room: GuestBuffer,
        _ operation: @escaping @Sendable (FilePlace) throws(FileFailure) -> [UInt8]
    ) -> HostWork<Int32> {
        HostWork { () async throws(HostError) in
            let bytes: [UInt8]
            do throws(FileFailure) {
                bytes = try await DiskThreads.shared.run(for: usage) { () throws(FileFailure) in
                    try operation(place(of: path))
                }
            } catch {
                let answer = try answer(error, path)
                return { _ in answer }
            }
            guard bytes.count <= room.capacity else { return { _ in FileResultCode.roomTooSmall.rawValue } }
            return { (call) throws(HostError) in
                try call.write(bytes, at: room.offset)
                return Int32(bytes.count)
            }
        }
    }

    /// Work that changes something in a folder that was granted for writing, and answers with a number.
    /// - Parameter description: the path as an error shows it.
    func changing(
        _ path: String,
        _ description: String? = nil,
        _ operation: @escaping @Sendable (FilePlace) throws(FileFailure) -> Int
    ) -> HostWork<Int32> {
        HostWork { () async throws(HostError) in
            let answer: Int32
            do throws(FileFailure) {
                let number = try await DiskThreads.shared.run(for: usage) { () throws(FileFailure) in
                    try operation(place(of: path, writing: true))
                }
                answer = Int32(clamping: number)
            } catch {
                answer = try self.answer(error, description ?? path)
            }
            return { _ in answer }
        }
    }
}

extension HostCall {
    /// Throws unless all of the room is in the guest's memory.
    func checkRoom(_ room: GuestBuffer) throws(HostError) {
        try withMutableBytes(of: room) { (_) throws(HostError) in }
    }

    /// A copy of the first of the bytes, as many as are moved at once.
    func transferredBytes(of bytes: GuestBytes) throws(HostError) -> [UInt8] {
        try checkRoom(GuestBuffer(offset: bytes.offset, capacity: bytes.count))
        let count = min(bytes.count, UInt32(FileAccess.maximumTransfer))
        return try self.bytes(of: GuestBytes(offset: bytes.offset, count: count))
    }
}

extension FileKind {
    /// As `airlock:files` hands it to guests.
    fileprivate var code: UInt8 {
        switch self {
        case .regular: 0
        case .folder: 1
        case .symbolicLink: 2
        default: 3
        }
    }
}

extension FileStatus {
    /// As `airlock:files` hands it to guests.
    var encoded: [UInt8] {
        UInt64(kind.code).littleEndianBytes + size.littleEndianBytes + modified.littleEndianBytes
    }
}

extension [FolderEntry] {
    /// The entries behind a name, as `airlock:files` hands them to guests: as many as fit, but at least one, if there is one.
    func encoded(after name: String, capacity: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for entry in self where name.utf8.lexicographicallyPrecedes(entry.name.utf8) {
            let text = Array<UInt8>(entry.name.utf8)
            guard bytes.isEmpty || bytes.count + 3 + text.count <= capacity else { break }
            bytes += [entry.kind.code] + UInt16(clamping: text.count).littleEndianBytes + text
        }
        return bytes
    }
}

extension FixedWidthInteger {
    /// Its bytes, the lowest first.
    var littleEndianBytes: [UInt8] {
        (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) }
    }
}
