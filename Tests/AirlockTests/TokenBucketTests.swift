import Airlock
import Testing

@Suite("Token buckets")
struct TokenBucketTests {
    /// Ten tokens come back in a second, and twenty can be saved up.
    private let rate = QuotaRate(10, burst: 20)
    private let second: UInt64 = 1_000_000_000

    @Test func `what was taken comes back at the rate, up to the burst`() {
        var bucket = TokenBucket(rate, now: 0)
        let taken = (bucket.take(20, now: 0), bucket.take(1, now: 0))
        #expect(taken == (true, false))
        #expect(bucket.remaining == 0)
        bucket.refill(now: second)
        #expect(bucket.remaining == 10)
        bucket.refill(now: 10 * second)
        #expect(bucket.remaining == 20)
    }

    @Test func `what is taken is there whole, or nothing is taken`() {
        var bucket = TokenBucket(rate, now: 0)
        let taken = (bucket.take(21, now: 0), bucket.take(20, now: 0))
        #expect(taken == (false, true))
    }

    @Test func `a charge may leave a debt, which is paid before anything is left`() {
        var bucket = TokenBucket(rate, now: 0)
        bucket.charge(35, now: 0)
        #expect(bucket.level == -15)
        #expect(bucket.remaining == 0)
        let some = (bucket.hasSome(now: second), bucket.hasSome(now: 2 * second))
        #expect(some == (false, true))
        #expect(bucket.remaining == 5)
    }

    @Test func `a part of a token is not one`() {
        var bucket = TokenBucket(rate, now: 0)
        bucket.charge(20, now: 0)
        let some = (bucket.hasSome(now: second / 20), bucket.hasSome(now: second / 10))
        #expect(some == (false, true))
    }

    @Test func `a clock that goes back brings nothing and takes nothing`() {
        var bucket = TokenBucket(rate, now: 5 * second)
        bucket.charge(20, now: 5 * second)
        bucket.refill(now: 0)
        #expect(bucket.level == 0)
        bucket.refill(now: 6 * second)
        #expect(bucket.remaining == 10)
    }

    @Test func `the time until there is enough is told, unless there never is`() {
        var bucket = TokenBucket(rate, now: 0)
        bucket.charge(25, now: 0)
        #expect(bucket.wait(for: 5) == .seconds(1))
        #expect(bucket.wait(for: 21) == nil)
        #expect(TokenBucket(QuotaRate(0, burst: 5), now: 0).wait(for: 1) == nil)
        bucket.refill(now: 3 * second)
        #expect(bucket.wait(for: 5) == .zero)
    }
}
