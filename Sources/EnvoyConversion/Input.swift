import Foundation
import Yams

/// A value of a bootstrap and where it is. Reading it accounts for it; see ``Ledger``.
struct Input {
    let node: Node
    let path: String
    let ledger: Ledger

    init(_ node: Node, path: String, ledger: Ledger) {
        self.node = node
        self.path = path
        self.ledger = ledger
    }

    // MARK: Mappings and lists

    /// The value of a field by its name in the protocol, `like_this`, or as JSON has it, `likeThis`; nil where it is missing or null.
    func field(_ name: String) -> Input? {
        ledger.enter(path)
        guard case .mapping(let mapping) = node else { return nil }
        for spelling in [name, Self.camelCase(name)] {
            // Not by subscript: a key's tag depends on how it is quoted.
            guard let (key, value) = mapping.first(where: { $0.key.scalar?.string == spelling }) else { continue }
            let input = Input(value, path: join(key), ledger: ledger)
            guard !input.isNull else {
                ledger.settle(input.path)
                return nil
            }
            return input
        }
        return nil
    }

    func has(_ name: String) -> Bool { field(name) != nil }

    /// The entries of a list; none of anything else.
    var items: [Input] {
        ledger.enter(path)
        return allItems
    }

    /// The entries of a mapping; none of anything else.
    var entries: [(key: String, value: Input)] {
        ledger.enter(path)
        return allEntries
    }

    /// The entries of a list, without accounting for it.
    var allItems: [Input] {
        guard case .sequence(let sequence) = node else { return [] }
        return sequence.enumerated().map { Input($0.element, path: "\(path)[\($0.offset)]", ledger: ledger) }
    }

    /// The entries of a mapping, without accounting for it.
    var allEntries: [(key: String, value: Input)] {
        guard case .mapping(let mapping) = node else { return [] }
        return mapping.map { key, value in
            (key.scalar?.string ?? "?", Input(value, path: join(key), ledger: ledger))
        }
    }

    private func join(_ key: Node) -> String {
        let key = OneLine.key(key.scalar?.string ?? "?")
        return path.isEmpty && key.hasPrefix(".") ? String(key.dropFirst()) : path + key
    }

    private static func camelCase(_ name: String) -> String {
        let words = name.split(separator: "_")
        return words.prefix(1).joined() + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    // MARK: Scalars

    var isNull: Bool { node.isNull }

    /// The text of a scalar, which it accounts for; a gap for anything else.
    var text: String? {
        guard let text = node.scalar?.string else {
            gap("expected text, found \(node.sequence == nil ? "a mapping" : "a list")")
            return nil
        }
        settle()
        return text
    }

    /// What `parse` makes of the text; a gap where that is nothing.
    func value<Value>(_ expected: String, parse: (String) -> Value?) -> Value? {
        guard let text else { return nil }
        guard let value = parse(text) else {
            gap("expected \(expected), found \"\(OneLine.text(text, most: 80))\"")
            return nil
        }
        return value
    }

    var flag: Bool? { value("true or false") { ["true": true, "false": false][$0] } }

    var count: Int? { value("a number") { Int($0).flatMap { $0 >= 0 ? $0 : nil } } }

    /// A duration above zero as the gateway writes it, from `1.5s`.
    var duration: String? {
        value("a duration above zero such as 0.25s, exact to microseconds") { text in
            guard text.hasSuffix("s") else { return nil }
            let parts = text.dropLast().split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
            let fraction = parts.count > 1 ? parts[1] : ""
            guard let whole = parts.first.flatMap({ UInt32($0) }),
                fraction.count <= 6 || fraction.dropFirst(6).allSatisfy({ $0 == "0" }),
                fraction.allSatisfy({ $0.isASCII && $0.isNumber })
            else { return nil }
            let digits = String(fraction.prefix(6))
            let microseconds =
                Int(whole) * 1_000_000 + (Int(digits + String(repeating: "0", count: 6 - digits.count)) ?? 0)
            guard microseconds > 0 else { return nil }
            for (unit, size) in [("s", 1_000_000), ("ms", 1000)] where microseconds % size == 0 {
                return "\(microseconds / size)\(unit)"
            }
            return "\(microseconds)us"
        }
    }

    /// Bytes from base64.
    var bytes: [UInt8]? { value("base64") { Data(base64Encoded: $0).map(Array.init) } }

    // MARK: Accounting

    /// Says that all of the value is expressed.
    func settle() { ledger.settle(path) }

    /// Says why the value, or something in it, is not expressed.
    func gap(_ message: String, _ effect: Ledger.Effect = .opens) {
        settle()
        ledger.gap(node, path, message, effect)
    }

    /// Says of fields, where they are there, that the gateway has nothing for them and lets through no more without them.
    func leaveOut(_ names: String...) {
        for name in names { field(name)?.gap("the gateway has nothing for it", .differs) }
    }

    /// Says something of a value that is expressed, or that changes nothing.
    func note(_ message: String) {
        settle()
        ledger.note(node, path, message)
    }
}

extension Node {
    /// Whether it is a scalar that means nothing, and not text that is in quotes.
    var isNull: Bool {
        guard let scalar, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }
}
