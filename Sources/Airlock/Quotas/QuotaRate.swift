import WorkerLoop

/// How fast something may be used: an amount for each stretch of time, and how much may be saved up for one burst.
public struct QuotaRate: Sendable, Hashable {
    /// How much comes back in ``period``.
    public var amount: UInt64
    /// The stretch of time in which ``amount`` comes back.
    public var period: Duration
    /// The most that can be saved up, and what is there at the begin.
    public var burst: UInt64

    /// Makes a rate.
    /// - Parameters:
    ///   - amount: how much comes back in each period.
    ///   - period: its length, more than zero; one second if left out.
    ///   - burst: the most that can be saved up, at least 1; the amount of one period if left out.
    public init(_ amount: UInt64, per period: Duration = .seconds(1), burst: UInt64? = nil) {
        self.amount = amount
        self.period = period
        self.burst = burst ?? amount
    }

    var perNanosecond: Double { Double(amount) / Double(max(1, period.wholeNanoseconds)) }
}
