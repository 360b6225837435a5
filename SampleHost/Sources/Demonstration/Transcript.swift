import AirlockProxyWasm
import Gateway
import Synchronization

/// Prints what happens, line by line, and remembers what was observed and what was not.
final class Transcript: Sendable {
    private struct State {
        var steps = 0
        var observed = 0
        var missed: [String] = []
    }

    private let state = Mutex(State())
    private let print: @Sendable (String) -> Void

    init(print: @escaping @Sendable (String) -> Void) { self.print = print }

    /// Whether nothing was missed.
    var isComplete: Bool { state.withLock { $0.missed.isEmpty } }

    func line(_ text: String) { print(text) }

    /// Begins a step.
    func step(_ title: String) {
        let number = state.withLock { state in
            state.steps += 1
            return state.steps
        }
        print("\n\(number). \(title)")
    }

    func sent(_ text: String) { print("   -> \(text)") }

    func came(_ text: String) { print("   <- \(text)") }

    /// What the host accounted for a request, a line for each filter.
    func accounted(_ report: RequestReport?) {
        for filter in report?.filters.filters ?? [] { print("   == \(Account.line(filter))") }
    }

    /// Whether what a step is about was seen.
    func observe(_ what: String, _ isTrue: Bool) {
        print("   \(isTrue ? "ok" : "NOT SEEN"): \(what)")
        state.withLock { state in
            if isTrue { state.observed += 1 } else { state.missed.append(what) }
        }
    }

    /// The last lines.
    func conclude() {
        let (observed, missed) = state.withLock { ($0.observed, $0.missed) }
        print("")
        guard !missed.isEmpty else { return print("All of it was observed: \(observed) of \(observed).") }
        print("Not observed: \(missed.count) of \(observed + missed.count):")
        for what in missed { print("   - \(what)") }
    }
}
