import AirlockProxyWasm
import Testing

@Suite("Waits before a failed machine is replaced")
struct ReloadBackoffTests {
    @Test("They double from the first one to the longest one")
    func doubling() {
        let backoff = ReloadBackoff(initial: .milliseconds(100), maximum: .seconds(1))
        let delays = (0...6).map { backoff.delay(afterFailures: $0) }
        #expect(delays == [0, 100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
    }

    @Test("Any number of failures and any waits have a wait", arguments: [1, 64, 65, .max])
    func extremes(failures: Int) {
        let longest = Duration.seconds(Int64.max)
        #expect(ReloadBackoff(initial: .zero).delay(afterFailures: failures) == .zero)
        #expect(ReloadBackoff(initial: longest, maximum: longest).delay(afterFailures: failures) == longest)
        #expect(ReloadBackoff(initial: .seconds(9), maximum: .seconds(1)).delay(afterFailures: failures) == .seconds(1))
        #expect(ReloadBackoff(initial: .seconds(1), maximum: longest).delay(afterFailures: failures) > .zero)
    }

    @Test("Without a failure there is no wait")
    func none() {
        #expect(ReloadBackoff().delay(afterFailures: 0) == .zero)
        #expect(ReloadBackoff().delay(afterFailures: -1) == .zero)
    }
}
