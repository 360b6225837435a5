/// How many calls of a version that is being tried may fail.
public struct ErrorBudget: Sendable, Hashable {
    /// The part of the calls that may fail, from 0 to 1.
    public var share: Double
    /// As long as there were fewer calls, the share is taken of this many. With 0.01 of 100 calls the second failure overdraws the budget.
    public var calls: Int

    /// Makes a budget.
    /// - Parameters:
    ///   - share: the part of the calls that may fail, from 0 to 1.
    ///   - calls: how many calls the share is taken of at the least; 1 or more.
    public init(share: Double = 0.01, ofAtLeast calls: Int = 100) {
        self.share = share
        self.calls = calls
    }

    func allows(failures: Int, of made: Int) -> Bool {
        Double(failures) <= share * Double(max(calls, made))
    }
}
