@testable import AirlockCapabilities

/// What WASI guests pass: paths, and the subscriptions of a poll. The same bytes are taken for the names of a folder, whose listing is read
/// as a guest reads it.
struct WASITarget: FuzzTarget {
    func seeds() throws -> [[UInt8]] {
        let paths = ["a/b/../c", "/data/./x/", "..", "a//b/..", "", "\0a\0b\0"].map { Array($0.utf8) }
        var clock = [UInt8](repeating: 0, count: 48)
        (clock[0], clock[24], clock[40]) = (7, 100, 1)
        var file = [UInt8](repeating: 0, count: 48)
        (file[8], file[16]) = (1, 3)
        return paths + [clock, file, clock + file]
    }

    var words: [String] { ["/", ".", "..", "../", "/./", "//", "\0"] }

    func run(_ input: [UInt8]) {
        if let text = String(validating: input, as: UTF8.self) {
            for isRooted in [false, true] { checkPath(text, isRooted: isRooted) }
        }
        for offset in stride(from: 0, through: input.count - Int(WASISubscription.size), by: Int(WASISubscription.size))
        {
            guard let subscription = try? WASISubscription(input, at: offset) else { continue }
            guard subscription.kind <= 2, subscription.kind == input[offset + 8] else {
                violated("the kind of a subscription is \(subscription.kind)")
            }
        }
        checkListing(input)
    }

    private func checkPath(_ text: String, isRooted: Bool) {
        guard let path = try? FilePath(text, isRooted: isRooted) else { return }
        guard path.names.count <= FilePath.maximumNames else { violated("\(path.names.count) names") }
        for name in path.names {
            guard (1...FilePath.maximumNameBytes).contains(name.utf8.count), name != ".", name != "..",
                !name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") })
            else { violated("a name in \(text.debugDescription) is \(name.debugDescription)") }
        }
        // The names alone mean the same.
        guard !path.names.isEmpty else { return }
        guard let again = try? FilePath(path.names.joined(separator: "/"), isRooted: false), again.names == path.names
        else { violated("the names of \(text.debugDescription) make the same path") }
    }

    /// The first byte is the room that a guest gives, the next eight a cookie that it made up, and the rest the names.
    private func checkListing(_ input: [UInt8]) {
        guard input.count > 9 else { return }
        let names = input[9...].split(separator: 0).prefix(100).compactMap {
            String(validating: $0.prefix(255), as: UTF8.self)
        }
        let entries = names.enumerated().map { FolderEntry(name: $1, inode: UInt64($0), kind: .regular) }
        let cookie = input.integer(at: 1, as: UInt64.self)
        let forged = entries.wasiBytes(from: cookie, inode: 1, capacity: Int(input[0]))
        guard forged.count <= Int(input[0]) else { violated("\(forged.count) bytes in a room of \(input[0])") }

        var (read, next) = ([String](), UInt64(0))
        let capacity = 24 + 255 + Int(input[0])
        while read.count <= names.count + 2 {
            let page = entries.wasiBytes(from: next, inode: 1, capacity: capacity)
            var position = 0
            while position + 24 <= page.count {
                let count = Int(page.integer(at: position + 16, as: UInt32.self))
                // The last one may be cut: it comes again.
                guard position + 24 + count <= page.count else { break }
                next = page.integer(at: position, as: UInt64.self)
                read.append(String(decoding: page[(position + 24)..<(position + 24 + count)], as: UTF8.self))
                position += 24 + count
            }
            if page.count < capacity { break }
        }
        guard read == [".", ".."] + names else { violated("a guest reads \(read), the folder has \(names)") }
    }
}
