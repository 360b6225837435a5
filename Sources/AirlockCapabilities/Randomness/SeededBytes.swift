import Synchronization

/// The bytes that one instance draws from the seeds of its grants, for each in the same order whatever the sizes that it draws them in.
final class SeededStreams: Sendable {
    private let streams = Mutex<[ObjectIdentifier: SplitMixBytes]>([:])

    /// The next bytes of a grant, which lives as long as the instance.
    func next(_ count: Int, of grant: ObjectIdentifier, seed: UInt64) -> [UInt8] {
        streams.withLock { streams in
            var stream = streams[grant] ?? SplitMixBytes(seed: seed)
            defer { streams[grant] = stream }
            return (0..<count).map { _ in stream.next() }
        }
    }
}

/// SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom Number Generators", 2014), each number from its lowest byte
/// on.
private struct SplitMixBytes {
    private var seed: UInt64
    private var word: UInt64 = 0
    private var bytesLeft = 0

    init(seed: UInt64) {
        self.seed = seed
    }

    mutating func next() -> UInt8 {
        if bytesLeft == 0 {
            word = nextWord()
            bytesLeft = 8
        }
        defer {
            word >>= 8
            bytesLeft -= 1
        }
        return UInt8(truncatingIfNeeded: word)
    }

    private mutating func nextWord() -> UInt64 {
        seed &+= 0x9E37_79B9_7F4A_7C15
        var mixed = seed
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
