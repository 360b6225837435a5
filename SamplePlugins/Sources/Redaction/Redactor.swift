/// Masks payment-card numbers and e-mail addresses in a text that arrives in parts of any size.
///
/// The result does not depend on how the text is cut, and every mask is as long as what it covers: of a card number all
/// digits but the last four become `*`, of an address every byte of the local part. In JSON a number outside a string
/// becomes digits `9` instead, so that the text stays valid.
///
/// Only the end of a part that the next one could still turn into something to mask is held back: at most
/// `longestHeld` bytes.
public struct Redactor {
    /// What kind of text it is.
    public enum Format: Sendable {
        case json, text
    }

    /// What became of a part.
    public struct Part {
        /// Bytes of earlier parts, now decided. They go before this part.
        public let released: [UInt8]
        /// How many bytes of this part are decided; the others are held back.
        public let count: Int
        /// Whether what goes on differs from the part as it came.
        public let isChanged: Bool
    }

    /// The most bytes that are ever held back.
    public static let longestHeld = EmailScanner.longestLocalPart + 1 + EmailScanner.longestDomain

    private let format: Format
    private let specialBytes: ByteSet
    private var held: [UInt8] = []
    private var json = JSONContext()
    private var cards = CardScanner()
    private var emails = EmailScanner()
    private var masks = Masks()
    /// The position behind the last escape sequence; what begins before it ends there.
    private var escapeEnd = 0
    private var previous: UInt8 = 0

    /// Makes a redactor for one text.
    public init(_ format: Format) {
        self.format = format
        specialBytes = format == .json ? ByteSet("0123456789@\"\\") : ByteSet("0123456789@")
        updateDigitMask()
    }

    /// Masks the next part in place. What was held back is released at the latest with the last part.
    public mutating func redact(_ part: inout MutableSpan<UInt8>, isLast: Bool) -> Part {
        scan(part)
        if isLast { end() }
        let heldCount = held.count
        let end = heldCount + part.count
        let decided = isLast ? end : firstUndecided(part)
        let isMasked = masks.apply(before: decided, to: &held, &part)
        let count = max(decided - heldCount, 0)
        let released = Array(held.prefix(decided))
        held.removeFirst(released.count)
        for index in count..<part.count { held.append(part[index]) }
        rebase(by: decided)
        return Part(
            released: released, count: count, isChanged: isMasked || !released.isEmpty || count < part.count)
    }

    private mutating func scan(_ part: borrowing MutableSpan<UInt8>) {
        var index = 0
        while true {
            if isPlain { index = skipPlainBytes(of: part, from: index) }
            guard index < part.count else { break }
            if index > 0 { previous = part[index - 1] }
            let byte = part[index]
            if format == .json, json.isEscape(byte) {
                end()
                escapeEnd = held.count + index + 1
            } else {
                scan(byte, at: index, of: part)
            }
            index += 1
        }
        if !part.isEmpty { previous = part[part.count - 1] }
    }

    /// Whether only a special byte can change anything.
    private var isPlain: Bool { cards.isIdle && !emails.isInDomain && !json.isInEscape }

    /// Skips what can be nothing to mask and begins nothing, in a part where nothing has begun: most of most texts.
    private mutating func skipPlainBytes(of part: borrowing MutableSpan<UInt8>, from start: Int) -> Int {
        var index = start
        while index < part.count {
            let byte = part[index]
            if !specialBytes.contains(byte) {
                index += 1
            } else if byte == UInt8(ascii: "\"") {
                quote()
                index += 1
            } else {
                let end = CardScanner.endOfShortRun(in: part, from: index)
                guard end > index else { break }
                index = end
            }
        }
        return index
    }

    private mutating func scan(_ byte: UInt8, at index: Int, of part: borrowing MutableSpan<UInt8>) {
        let position = held.count + index
        let kind = ByteKind(byte)
        if kind == .at {
            emails.at(behind: localPartStart(before: index, of: part)..<position)
        } else if emails.isInDomain {
            emails.domainByte(kind, masks: &masks)
        }
        switch kind {
        case .digit where cards.isIdle && previous == UInt8(ascii: ".") && isNumber: cards.ignoreGroup()
        case .digit: cards.digit(byte - UInt8(ascii: "0"), at: position, masks: &masks)
        case .space, .dash: cards.separator(masks: &masks)
        default: cards.end(masks: &masks)
        }
        if kind == .quote, format == .json { quote() }
    }

    /// The position of the first byte that could belong to a local part which ends before this index.
    private func localPartStart(before index: Int, of part: borrowing MutableSpan<UInt8>) -> Int {
        let end = held.count + index
        let lowest = max(escapeEnd, end - EmailScanner.longestLocalPart, 0)
        var start = end
        while start > lowest {
            let byte = start > held.count ? part[start - 1 - held.count] : held[start - 1]
            guard ByteKind(byte).isInLocalPart else { break }
            start -= 1
        }
        return start
    }

    /// Ends everything that has begun.
    private mutating func end() {
        cards.end(masks: &masks)
        emails.end()
    }

    /// Whether a digit here is part of a JSON number.
    private var isNumber: Bool { format == .json && !json.isInString }

    private mutating func quote() {
        json.quote()
        updateDigitMask()
    }

    private mutating func updateDigitMask() {
        masks.digitMask = isNumber ? UInt8(ascii: "9") : UInt8(ascii: "*")
    }

    private func firstUndecided(_ part: borrowing MutableSpan<UInt8>) -> Int {
        let local = localPartStart(before: part.count, of: part)
        return min(cards.firstUndecided ?? local, emails.firstUndecided ?? local, local)
    }

    private mutating func rebase(by distance: Int) {
        cards.rebase(by: distance)
        emails.rebase(by: distance)
        escapeEnd = max(escapeEnd - distance, 0)
    }
}
