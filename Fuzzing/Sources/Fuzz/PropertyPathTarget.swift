@testable import AirlockProxyWasm

/// Paths of properties as a guest passes them.
struct PropertyPathTarget: FuzzTarget {
    func seeds() throws -> [[UInt8]] {
        ["request\0path", "source\0address\0", "a", "metadata\0filter\0a.b\0é", "\0", "\0\0"].map { Array($0.utf8) }
    }

    func run(_ input: [UInt8]) {
        guard let path = PropertyPath(input) else { return }
        guard (1...PropertyPath.maximumSegments).contains(path.segments.count) else {
            violated("\(path.segments.count) segments")
        }
        let joined = Array(path.segments.joined(separator: "\0").utf8)
        guard joined == input || joined + [0] == input else { violated("the segments are the bytes: \(path.segments)") }
        guard path.dotted.utf8.count == joined.count else { violated("the text of the path: \(path.dotted)") }
    }
}
