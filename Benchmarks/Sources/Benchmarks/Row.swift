/// One line of the result: what something costs, and what its floor costs in the same run: the same in C, or the same without a limit, or a
/// time slice.
struct Row: Sendable {
    let name: String
    /// The unit of `value` and `floor`.
    let unit = "ns"
    /// What was measured; where there are rounds, their median.
    let value: Double
    /// The same of the floor.
    let floor: Double
    /// The highest ratio that is good enough.
    let goal: Double

    var ratio: Double { value / floor }
    var meetsGoal: Bool { ratio <= goal }
}

extension Row {
    /// Measures both in turns, so that whatever else the machine does meets them alike.
    ///
    /// - Parameters:
    ///   - rounds: how often each is measured; the medians count. A round is short, about a millisecond,
    ///     so that most of them are over before another process gets the processor. The first warms up.
    ///   - floor: does the work in C and returns the nanoseconds that one unit of it took.
    ///   - subject: does the same in Swift.
    static func measure(
        _ name: String,
        goal: Double,
        rounds: Int = 201,
        floor: () async throws -> Double,
        subject: () async throws -> Double
    ) async throws -> Row {
        var floors: [Double] = []
        var values: [Double] = []
        for round in 0...rounds {
            let first = try await floor()
            let second = try await subject()
            guard round > 0 else { continue }
            floors.append(first)
            values.append(second)
        }
        return Row(name: name, value: median(values), floor: median(floors), goal: goal)
    }

    private static func median(_ values: [Double]) -> Double {
        values.sorted()[values.count / 2]
    }
}

/// The nanoseconds that one of `count` repetitions in `body` takes.
func nanoseconds(per count: Int, _ body: () async throws -> Void) async rethrows -> Double {
    let start = ContinuousClock.now
    try await body()
    return (ContinuousClock.now - start) / .nanoseconds(1) / Double(count)
}

/// The same for code that does not wait. In an asynchronous function it would get its temporary memory from the task.
func nanoseconds(per count: Int, _ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start) / .nanoseconds(1) / Double(count)
}

/// A measurement that cannot be trusted.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    static func require(_ isRight: Bool, _ description: @autoclosure () -> String) throws(BenchmarkError) {
        guard isRight else { throw BenchmarkError(description()) }
    }
}
