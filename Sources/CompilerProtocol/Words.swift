/// Numbers of 64 bits, each as eight bytes with the lowest first.
package enum Words {
    package static func bytes(_ words: [UInt64]) -> [UInt8] {
        words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }

    /// The numbers in `bytes`, or nil where the last one is not whole.
    package static func read(_ bytes: some Collection<UInt8>) -> [UInt64]? {
        guard bytes.count.isMultiple(of: 8) else { return nil }
        var words: [UInt64] = []
        var word: UInt64 = 0
        for (index, byte) in bytes.enumerated() {
            word |= UInt64(byte) << (8 * (index % 8))
            if index % 8 == 7 {
                words.append(word)
                word = 0
            }
        }
        return words
    }
}
