import Airlock

extension HostCall {
    /// Throws unless all of the bytes are in the guest's memory. Nothing is copied.
    func require(_ bytes: GuestBytes) throws(HostError) {
        try withMutableBytes(of: GuestBuffer(offset: bytes.offset, capacity: bytes.count)) { (_) throws(HostError) in }
    }

    /// Throws unless all of the room is in the guest's memory.
    func require(_ room: GuestBuffer) throws(HostError) {
        try withMutableBytes(of: room) { (_) throws(HostError) in }
    }
}
