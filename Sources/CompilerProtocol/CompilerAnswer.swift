/// What a compiler process answers: a head of fixed size, then as many bytes as the head says, and no more.
package enum CompilerAnswer: Sendable, Equatable {
    /// The compiled module.
    case compiled([UInt8])
    /// The module is not one that the engine accepts, and why.
    case refused(String)
    /// The process ran out of memory, in the engine's words.
    case outOfMemory(String)
    /// The compiled module would have this many bytes, more than allowed.
    case tooLarge(UInt64)
    /// The process could not do its work, and why.
    case failed(String)

    /// `AIRLOCKA` followed by the version of this format.
    static let magic: [UInt64] = [0x414B_434F_4C52_4941, 1]

    /// The size of a head.
    package static let headBytes = 8 * (magic.count + 2)

    private var parts: (kind: UInt64, content: [UInt8]) {
        switch self {
        case .compiled(let bytes): (1, bytes)
        case .refused(let reason): (2, Array(reason.utf8))
        case .outOfMemory(let reason): (3, Array(reason.utf8))
        case .tooLarge(let size): (4, Words.bytes([size]))
        case .failed(let reason): (5, Array(reason.utf8))
        }
    }

    /// The bytes before the content, and the content.
    package var headAndContent: (head: [UInt8], content: [UInt8]) {
        let (kind, content) = parts
        return (Words.bytes(Self.magic + [kind, UInt64(content.count)]), content)
    }

    /// The answer in `bytes`, or nil where they are none.
    ///
    /// - Parameter bytes: all that the process wrote. The content of an answer is taken out of it without copying it.
    package init?(_ bytes: consuming [UInt8]) {
        guard bytes.count >= Self.headBytes, let words = Words.read(bytes[..<Self.headBytes]),
            Array(words[..<2]) == Self.magic,
            words[3] == UInt64(bytes.count - Self.headBytes)
        else { return nil }
        bytes.removeFirst(Self.headBytes)
        switch words[2] {
        case 1: self = .compiled(bytes)
        case 2: self = .refused(String(decoding: bytes, as: UTF8.self))
        case 3: self = .outOfMemory(String(decoding: bytes, as: UTF8.self))
        case 4:
            guard let size = Words.read(bytes), size.count == 1 else { return nil }
            self = .tooLarge(size[0])
        case 5: self = .failed(String(decoding: bytes, as: UTF8.self))
        default: return nil
        }
    }
}
