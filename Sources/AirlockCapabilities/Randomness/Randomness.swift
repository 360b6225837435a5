public import Airlock
import WorkerLoop

/// Lets a plugin draw random bytes.
///
/// Guests import from `airlock:random`:
///
/// | function | WebAssembly type | |
/// | --- | --- | --- |
/// | `fill` | `(room i32, length i32) -> ()` | fills the room |
/// | `next` | `() -> i64` | eight random bytes as a number |
///
/// A `fill` of more bytes than are granted at once ends the call with ``PluginError/Code/denied``.
public struct Randomness: AttenuableCapability {
    public static let id: CapabilityID = "airlock:random"

    /// Where the bytes come from.
    public enum Source: Sendable, Hashable {
        /// The system's generator, fit for keys.
        case system
        /// The same bytes for every instance, whatever the sizes that it draws them in, for plugins that must do the same every time. Each
        /// grant that a plugin has begins at its own seed, and what it draws from one changes nothing for another.
        /// Whoever knows the seed knows the bytes: no keys can be made of them.
        case seeded(UInt64)
    }

    /// Where the bytes come from.
    public let source: Source
    /// The most bytes that one `fill` draws.
    public let bytesPerFill: Int
    private let identity = Identity()

    /// Stands for a grant, whatever copies of it there are.
    private final class Identity: Sendable {}

    /// Grants random bytes.
    public init(_ source: Source = .system, bytesPerFill: Int = 64 << 10) {
        self.source = source
        self.bytesPerFill = max(0, bytesPerFill)
    }

    public static let functions = HostFunctions<Self>(module: "airlock:random") {
        HostFunction("fill") { (random, call, room: GuestBuffer) throws(HostError) in try random.fill(room, in: call) }
        HostFunction("next") { (random, call) throws(HostError) -> UInt64 in
            try random.draw(8, for: call).reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    /// Fills room in the guest's memory.
    func fill(_ room: GuestBuffer, in call: borrowing HostCall) throws(HostError) {
        guard room.capacity <= bytesPerFill else {
            throw HostError(
                .denied, "the plugin asked for \(room.capacity) random bytes; granted are \(bytesPerFill) at once")
        }
        // The range is checked before anything is drawn.
        try call.require(room)
        try call.write(try draw(Int(room.capacity), for: call), at: room.offset)
    }

    private func draw(_ count: Int, for call: borrowing HostCall) throws(HostError) -> [UInt8] {
        switch source {
        case .system:
            guard let bytes = SystemRandom.bytes(count) else {
                throw HostError(.failed, "the system gave no \(count) random bytes")
            }
            return bytes
        case .seeded(let seed):
            return call.instanceValue { SeededStreams() }.next(count, of: ObjectIdentifier(identity), seed: seed)
        }
    }
}

extension Randomness {
    public var summary: String {
        switch source {
        case .system: "random bytes of the system, at most \(bytesPerFill) at once"
        case .seeded: "the same bytes for every instance, at most \(bytesPerFill) at once"
        }
    }
}
