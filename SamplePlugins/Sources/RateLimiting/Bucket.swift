/// A token bucket: it holds up to `capacity` tokens and gains `refillPerSecond` each second; a request takes one.
public struct Bucket: Equatable, Sendable {
    /// How many tokens there can be, and how fast they come back.
    public struct Limits: Sendable {
        public let capacity: Double
        public let refillPerSecond: Double

        /// Both must be greater than 0.
        public init(capacity: Double, refillPerSecond: Double) {
            self.capacity = capacity
            self.refillPerSecond = refillPerSecond
        }
    }

    private var tokens: Double
    private var time: UInt64

    /// Makes a full bucket. `time` is in nanoseconds.
    public init(full limits: Limits, at time: UInt64) {
        tokens = limits.capacity
        self.time = time
    }

    /// Takes a token if there is one. A clock that went back adds nothing.
    ///
    /// - Returns: nil when a token was taken, else the whole seconds, at least 1, until there is one.
    public mutating func take(_ limits: Limits, at now: UInt64) -> UInt64? {
        if now > time {
            let seconds = Double(now - time) / 1_000_000_000
            tokens = min(limits.capacity, tokens + seconds * limits.refillPerSecond)
            time = now
        }
        guard tokens < 1 else {
            tokens -= 1
            return nil
        }
        let seconds = min((1 - tokens) / limits.refillPerSecond, 1_000_000_000)
        let whole = UInt64(seconds)
        return max(1, Double(whole) < seconds ? whole + 1 : whole)
    }
}

extension Bucket {
    private static let size = 16

    /// The bucket as it is stored: the tokens as IEEE 754 binary64 and the time, both little endian.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for word in [tokens.bitPattern, time] {
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift * 8))) }
        }
        return bytes
    }

    /// Reads what `bytes` gave; nil for anything else.
    public init?(bytes: Span<UInt8>) {
        guard bytes.count == Self.size else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for index in 0..<8 {
            words.0 |= UInt64(bytes[index]) << UInt64(index * 8)
            words.1 |= UInt64(bytes[8 + index]) << UInt64(index * 8)
        }
        tokens = Double(bitPattern: words.0)
        time = words.1
        guard tokens.isFinite, tokens >= 0 else { return nil }
    }
}
