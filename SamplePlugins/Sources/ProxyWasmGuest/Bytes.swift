/// Bytes that a guest hands to the host: a literal, an array, or what the host gave before. None is copied on the way.
public protocol Bytes: ~Copyable {
    /// Lends the bytes for the time of a call.
    func withBytes<Result: ~Copyable>(_ body: (Span<UInt8>) -> Result) -> Result
}

extension StaticString: Bytes {
    /// Lends the literal's UTF-8 bytes.
    public func withBytes<Result: ~Copyable>(_ body: (Span<UInt8>) -> Result) -> Result {
        // Right because a literal of more than one scalar lives as long as the program.
        unsafe body(Span(_unsafeStart: utf8Start, count: utf8CodeUnitCount))
    }
}

extension Array: Bytes where Element == UInt8 {
    /// Lends the elements.
    public func withBytes<Result: ~Copyable>(_ body: (Span<UInt8>) -> Result) -> Result {
        body(span)
    }

    /// The decimal digits of a number, for header values and messages.
    public init(decimal number: UInt64) {
        var digits: [UInt8] = []
        var rest = number
        repeat {
            digits.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest != 0
        digits.reverse()
        self = digits
    }

    /// Appends bytes of any kind.
    public mutating func append(_ bytes: borrowing some Bytes & ~Copyable) {
        bytes.withBytes { bytes in
            for index in bytes.indices { append(bytes[index]) }
        }
    }
}
