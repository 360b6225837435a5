import CLibuv

/// The system's random numbers, many at once: the standard library's generator asks the system anew for every eight bytes.
package enum SystemRandom {
    /// Random bytes, fit for keys; nil where the system gives none.
    package static func bytes(_ count: Int) -> [UInt8]? {
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        // Without a loop and a callback the call is done when it returns.
        let status = unsafe bytes.withUnsafeMutableBytes { room in
            unsafe uv_random(nil, nil, room.baseAddress, room.count, 0, nil)
        }
        return status == 0 ? bytes : nil
    }
}
