import Airlock

/// Checked access to the guest's memory, with WASI's answers for what is outside.
extension HostCall {
    /// The most pieces of one read or write, as on Linux (`IOV_MAX`).
    static var maximumPieces: UInt32 { 1024 }

    func put(_ bytes: [UInt8], at offset: UInt32) throws(WASIFailure) {
        do throws(HostError) { try write(bytes, at: offset) } catch { throw WASIFailure(error) }
    }

    func put(_ value: some FixedWidthInteger, at offset: UInt32) throws(WASIFailure) {
        try put(value.littleEndianBytes, at: offset)
    }

    func get(_ count: UInt32, at offset: UInt32) throws(WASIFailure) -> [UInt8] {
        try checkRoom(count, at: offset)
        do throws(HostError) {
            return try bytes(of: GuestBytes(offset: offset, count: count))
        } catch {
            throw WASIFailure(error)
        }
    }

    /// Throws unless so many bytes are in the guest's memory. A number that is beyond it is the guest's mistake, and does not count as
    /// bytes that it handed out.
    func checkRoom(_ count: UInt32, at offset: UInt32) throws(WASIFailure) {
        guard UInt64(offset) + UInt64(count) <= UInt64(memorySize) else { throw .errno(.fault) }
    }

    /// A path, or another text that must be UTF-8.
    func text(_ count: UInt32, at offset: UInt32) throws(WASIFailure) -> String {
        try checkRoom(count, at: offset)
        guard count <= FilePath.maximumBytes else { throw .errno(.nameTooLong) }
        guard let text = String(validating: try get(count, at: offset), as: UTF8.self) else {
            throw .errno(.illegalSequence)
        }
        return text
    }

    func path(_ count: UInt32, at offset: UInt32) throws(WASIFailure) -> FilePath {
        let text = try text(count, at: offset)
        do throws(FileFailure) {
            return try FilePath(text, isRooted: false)
        } catch {
            throw WASIFailure(error)
        }
    }

    /// The pieces of memory that an array (`iovec`) of the guest names, each checked.
    func pieces(_ count: UInt32, at offset: UInt32) throws(WASIFailure) -> [GuestBuffer] {
        guard count <= Self.maximumPieces else { throw .errno(.invalid) }
        let list = try get(count * 8, at: offset)
        var pieces: [GuestBuffer] = []
        for index in 0..<Int(count) {
            let piece = GuestBuffer(
                offset: list.integer(at: 8 * index), capacity: list.integer(at: 8 * index + 4))
            try checkRoom(piece.capacity, at: piece.offset)
            pieces.append(piece)
        }
        return pieces
    }

    /// What the pieces hold, one after the other, up to a limit.
    func gather(_ pieces: [GuestBuffer], limit: Int) throws(WASIFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        for piece in pieces where bytes.count < limit {
            bytes += try get(min(piece.capacity, UInt32(limit - bytes.count)), at: piece.offset)
        }
        return bytes
    }

    /// Fills the pieces one after the other.
    func scatter(_ bytes: [UInt8], into pieces: [GuestBuffer]) throws(WASIFailure) {
        var rest = bytes[...]
        for piece in pieces where !rest.isEmpty {
            let part = rest.prefix(Int(piece.capacity))
            try put(Array(part), at: piece.offset)
            rest = rest.dropFirst(part.count)
        }
    }
}

extension [GuestBuffer] {
    /// How many bytes they hold, up to a limit.
    func capacity(limit: Int) -> Int {
        reduce(0) { Swift.min(limit, $0 + Int($1.capacity)) }
    }
}

extension [UInt8] {
    /// The number, lowest byte first, at an offset where there is one.
    func integer<Integer: FixedWidthInteger>(at offset: Int, as type: Integer.Type = Integer.self) -> Integer {
        self[offset..<offset + Integer.bitWidth / 8].reversed().reduce(0) { $0 << 8 | Integer(truncatingIfNeeded: $1) }
    }
}
