/// Hands what a version remembers to the one that replaces it, on one worker loop, by the functions that ``ReloadPolicy/stateBytes``
/// describes.
struct StateHandover {
    /// What a version remembers.
    struct Saved {
        var format: UInt32
        var bytes: [UInt8]
    }

    /// The most bytes that are handed over.
    let limit: Int

    /// Whether a version has what to save, and the other one how to take it.
    static func isPossible(from old: PluginVersion, to new: PluginVersion) -> Bool {
        !old.isBanned && old.functionType(of: "airlock_save_state") != nil
            && new.functionType(of: "airlock_restore_state") != nil
    }

    /// Takes the state out of an instance; nil where its module does not save any.
    func save(_ instance: LiveInstance, loopTime: Int64) throws(PluginError) -> Saved? {
        let version = instance.version
        guard let save = try version.function("airlock_save_state", returning: UInt64.self) else { return nil }
        let format = try version.function("airlock_state_format", returning: UInt32.self)
        try instance.begin(loopTime: loopTime)
        let session = PluginSession(instance)
        let place = try session.call(save)
        let length = place & 0xFFFF_FFFF
        guard length <= limit else {
            var error = version.error(
                .output, "the guest's state has \(length) bytes, \(limit) are handed over at the most")
            (error.limit, error.used) = (UInt64(clamping: limit), length)
            throw error
        }
        let bytes = try session.bytes(of: GuestBytes(offset: UInt32(place >> 32), count: UInt32(length)))
        return Saved(
            format: try format.map { (format) throws(PluginError) in try session.call(format) } ?? 0, bytes: bytes)
    }

    /// Gives the state to an instance.
    func restore(_ state: Saved, to instance: LiveInstance, loopTime: Int64) throws(PluginError) {
        let version = instance.version
        guard
            let restore = try version.function(
                "airlock_restore_state", taking: UInt32.self, UInt32.self, UInt32.self, returning: UInt32.self),
            let allocate = try version.function("airlock_allocate", taking: UInt32.self, returning: UInt32.self)
        else {
            throw version.error(
                .missingExport,
                "the module exports no 'airlock_restore_state' and 'airlock_allocate' for the saved state")
        }
        try instance.begin(loopTime: loopTime)
        let session = PluginSession(instance)
        let length = UInt32(clamping: state.bytes.count)
        let offset = try session.call(allocate, length)
        guard offset != 0 else {
            throw version.error(.guestError, "the guest has no room for \(length) bytes of state")
        }
        try session.write(state.bytes, at: offset)
        let answer = try session.call(restore, state.format, offset, length)
        guard answer == 0 else {
            throw version.error(
                .guestError, "the guest answers \(answer) to \(length) bytes of state in format \(state.format)")
        }
    }
}
