/// Finds e-mail addresses: a local part of ASCII letters, digits and `._%+-`, an `@`, and a domain of at least two labels
/// of which one behind a dot begins with two letters.
///
/// The lengths are those of RFC 5321, section 4.5.3.1: of a longer local part only the last 64 bytes count, and a domain
/// is looked at for 255 bytes.
struct EmailScanner {
    static let longestLocalPart = 64
    static let longestDomain = 255
    private static let longestLabel = 63

    /// Whether there is an `@` whose domain is not yet known to be one.
    private(set) var isInDomain = false
    private var localPart = 0..<0
    private var domainLength = 0
    private var labelLength = 0
    private var isFirstLabel = true
    private var labelHasOnlyLetters = true

    /// The position of the first undecided byte.
    var firstUndecided: Int? { isInDomain ? localPart.lowerBound : nil }

    /// Takes an `@` with what is before it.
    mutating func at(behind localPart: Range<Int>) {
        isInDomain = !localPart.isEmpty
        self.localPart = localPart
        domainLength = 0
        isFirstLabel = true
        beginLabel()
    }

    /// Takes a byte of a domain, or the one that ends it; what is decided by it goes to `masks`.
    mutating func domainByte(_ kind: ByteKind, masks: inout Masks) {
        domainLength += 1
        switch kind {
        case .letter, .digit, .dash:
            labelLength += 1
            if kind != .letter { labelHasOnlyLetters = false }
            if labelLength == 2, labelHasOnlyLetters, !isFirstLabel {
                masks.cover(localPart)
                isInDomain = false
            }
        case .dot where labelLength > 0:
            isFirstLabel = false
            beginLabel()
        default: isInDomain = false
        }
        if labelLength > Self.longestLabel || domainLength >= Self.longestDomain { isInDomain = false }
    }

    /// Takes a byte that is part of no address, or the end of the text.
    mutating func end() {
        isInDomain = false
    }

    /// Moves all positions down.
    mutating func rebase(by distance: Int) {
        guard isInDomain else { return }
        localPart = localPart.lowerBound - distance..<localPart.upperBound - distance
    }

    private mutating func beginLabel() {
        labelLength = 0
        labelHasOnlyLetters = true
    }
}
