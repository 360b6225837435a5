import Airlock
import Testing

@Suite("Time until a limited number of places has a free one")
struct HoldTimeTests {
    private let second: UInt64 = 1_000_000_000

    @Test func `it is the average time for which a place was held, for each that waits, divided among the places`() {
        var time = HoldTime(now: 0)
        // Two calls at a time, for two seconds each.
        time.advance(running: 0, now: 5 * second)
        time.advance(running: 2, now: 7 * second)
        time.end()
        time.end()
        #expect(time.wait(places: 2, waiting: 0) == .seconds(1))
        #expect(time.wait(places: 2, waiting: 3) == .seconds(4))
    }

    @Test func `before a place was given back, it is as long as they have been held`() {
        var time = HoldTime(now: 0)
        time.advance(running: 1, now: 3 * second)
        #expect(time.wait(places: 1, waiting: 0) == .seconds(3))
    }

    @Test func `it follows calls that become longer`() {
        var time = HoldTime(now: 0)
        var now: UInt64 = 0
        for call in 1...1_000 {
            now += call <= 500 ? second / 1_000 : second
            time.advance(running: 1, now: now)
            time.end()
        }
        #expect(time.wait(places: 1, waiting: 0) > .milliseconds(900))
    }

    @Test func `it is a millisecond at the least, and ends`() {
        var time = HoldTime(now: 10)
        time.advance(running: 1, now: 5)
        #expect(time.wait(places: 1, waiting: 0) == .milliseconds(1))
        time.advance(running: .max, now: .max)
        #expect(time.wait(places: 1, waiting: .max - 1) == .nanoseconds(1_000_000_000_000_000_000))
    }
}
