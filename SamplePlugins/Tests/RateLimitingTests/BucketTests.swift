import RateLimiting
import Testing

@Suite("A token bucket")
struct BucketTests {
    private let second: UInt64 = 1_000_000_000
    private let limits = Bucket.Limits(capacity: 3, refillPerSecond: 0.5)

    @Test("gives its capacity at once, then nothing until it is refilled")
    func burst() {
        var bucket = Bucket(full: limits, at: 0)
        for _ in 0..<3 { #expect(bucket.take(limits, at: 0) == nil) }
        #expect(bucket.take(limits, at: 0) == 2)
        #expect(bucket.take(limits, at: second) == 1)
        #expect(bucket.take(limits, at: 2 * second) == nil)
        #expect(bucket.take(limits, at: 2 * second) == 2)
    }

    @Test("never holds more than its capacity")
    func capacity() {
        var bucket = Bucket(full: limits, at: 0)
        for _ in 0..<3 { #expect(bucket.take(limits, at: 1_000_000 * second) == nil) }
        #expect(bucket.take(limits, at: 1_000_000 * second) != nil)
    }

    @Test("gains nothing from a clock that goes back")
    func clockGoesBack() {
        var bucket = Bucket(full: limits, at: 100 * second)
        for _ in 0..<3 { _ = bucket.take(limits, at: 100 * second) }
        #expect(bucket.take(limits, at: 10 * second) == 2)
        #expect(bucket.take(limits, at: 100 * second) == 2)
    }

    @Test("asks for a bounded wait however slow the refill is")
    func slowRefill() {
        let slow = Bucket.Limits(capacity: 1, refillPerSecond: 1e-300)
        var bucket = Bucket(full: slow, at: 0)
        #expect(bucket.take(slow, at: 0) == nil)
        #expect(bucket.take(slow, at: second) == 1_000_000_000)
    }

    @Test("is the same after it was stored")
    func storage() {
        var bucket = Bucket(full: limits, at: 123_456_789)
        _ = bucket.take(limits, at: 223_456_789)
        #expect(Bucket(bytes: bucket.bytes.span) == bucket)
    }

    @Test(
        "is not read from bytes that it did not write",
        arguments: [
            [], [UInt8](repeating: 0, count: 15), [UInt8](repeating: 0, count: 17), [UInt8](repeating: 0xFF, count: 16),
            [0, 0, 0, 0, 0, 0, 0xF0, 0x7F] + [UInt8](repeating: 0, count: 8),
            [0, 0, 0, 0, 0, 0, 0xF0, 0xBF] + [UInt8](repeating: 0, count: 8),
        ])
    func strangeBytes(bytes: [UInt8]) {
        #expect(Bucket(bytes: bytes.span) == nil)
    }
}
