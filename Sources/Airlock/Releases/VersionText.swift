/// The name of a version's folder, in the order in which the greatest version wins.
///
/// The text is cut at its dots, and the parts are compared one by one from the left. Two parts of nothing but the digits 0 to 9 are
/// compared as numbers of any length; two others by their bytes in UTF-8; and a number is greater than any other part. A part that one
/// of the two does not have counts as 0. A `v` or `V` before a digit at the begin does not count. Texts that are equal then are
/// compared by their bytes.
///
/// So `1.10` is greater than `1.9`, `v2` than `1.9.9`, `1.2.0` than `1.2.0-rc1` (whose last part is no number), and `1.2` than `latest`.
package struct VersionText: Comparable, Sendable {
    /// The folder's name.
    package let text: String
    private let parts: [Part]

    private enum Part {
        case text([UInt8])
        /// The digits, without zeros at the begin.
        case number([UInt8])

        init(_ bytes: some Collection<UInt8>) {
            let isNumber = !bytes.isEmpty && bytes.allSatisfy(isDigit)
            self = isNumber ? .number(Array(bytes.drop { $0 == 0x30 })) : .text(Array(bytes))
        }

        func precedes(_ other: Part) -> Bool {
            switch (self, other) {
            case (.text, .number): true
            case (.number, .text): false
            case (.text(let one), .text(let two)): one.lexicographicallyPrecedes(two)
            case (.number(let one), .number(let two)):
                one.count == two.count ? one.lexicographicallyPrecedes(two) : one.count < two.count
            }
        }
    }

    package init(_ text: String) {
        self.text = text
        let bytes = Array(text.utf8)
        let hasMark = bytes.count > 1 && (bytes[0] == 0x76 || bytes[0] == 0x56) && isDigit(bytes[1])
        parts = bytes.dropFirst(hasMark ? 1 : 0).split(separator: 0x2E, omittingEmptySubsequences: false).map(Part.init)
    }

    package static func < (one: VersionText, two: VersionText) -> Bool {
        let zero = Part.number([])
        for index in 0..<max(one.parts.count, two.parts.count) {
            let left = index < one.parts.count ? one.parts[index] : zero
            let right = index < two.parts.count ? two.parts[index] : zero
            if left.precedes(right) { return true }
            if right.precedes(left) { return false }
        }
        return one.text.utf8.lexicographicallyPrecedes(two.text.utf8)
    }

    package static func == (one: VersionText, two: VersionText) -> Bool {
        one.text.utf8.elementsEqual(two.text.utf8)
    }
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
