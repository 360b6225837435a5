extension Duration {
    /// The whole nanoseconds of the duration, at least 0 and at most what fits.
    package var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(seconds).multipliedSaturated(by: 1_000_000_000).addingSaturated(
            UInt64(attoseconds) / 1_000_000_000)
    }
}

extension UInt64 {
    /// The sum, or the largest number where it does not fit.
    package func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    /// The product, or the largest number where it does not fit.
    package func multipliedSaturated(by other: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }

    func dividedUp(by divisor: UInt64) -> UInt64 {
        self / divisor + (self % divisor == 0 ? 0 : 1)
    }
}
