import Yams

/// What became of each key of a bootstrap: read, or not expressed. What nobody asked for is not expressed.
final class Ledger {
    /// What a gap means for what is in the configuration all the same.
    enum Effect {
        /// It may let through what Envoy refuses. What nobody knows is taken for that.
        case opens
        /// It is other than in Envoy, and lets through no more.
        case differs
    }

    private(set) var unexpressed: [EnvoyConversion.Remark] = []
    private(set) var notes: [EnvoyConversion.Remark] = []
    /// Paths whose whole value is accounted for.
    private var settled: Set<String> = []
    /// Paths of mappings and lists whose entries are accounted for one by one.
    private var entered: Set<String> = []

    func settle(_ path: String) { settled.insert(path) }

    func enter(_ path: String) { entered.insert(path) }

    func isSettled(_ path: String) -> Bool { settled.contains(path) }

    func gap(_ node: Node, _ path: String, _ message: String, _ effect: Effect = .opens) {
        var remark = remark(node, path, message)
        remark.weakens = effect == .opens
        unexpressed.append(remark)
    }

    func note(_ node: Node, _ path: String, _ message: String) {
        notes.append(remark(node, path, message))
    }

    private func remark(_ node: Node, _ path: String, _ message: String) -> EnvoyConversion.Remark {
        .init(line: node.mark?.line, path: path.isEmpty ? "(all)" : path, message: OneLine.text(message, most: 500))
    }

    /// Keeps the mark of those gaps that open something that is there.
    func markWeakening(where isThere: (_ path: String) -> Bool) {
        for index in unexpressed.indices where unexpressed[index].weakens {
            unexpressed[index].weakens = isThere(unexpressed[index].path)
        }
    }

    /// Puts the remarks into the order of the lines.
    func sort() {
        unexpressed = sorted(unexpressed)
        notes = sorted(notes)
    }

    private func sorted(_ remarks: [EnvoyConversion.Remark]) -> [EnvoyConversion.Remark] {
        remarks.enumerated().sorted {
            ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset)
        }.map(\.element)
    }

    /// Lists what nobody asked for.
    func list(_ input: Input) {
        guard !settled.contains(input.path) else { return }
        guard entered.contains(input.path) else {
            return gap(input.node, input.path, "the gateway has nothing for it")
        }
        switch input.node {
        case .mapping:
            for entry in input.allEntries { list(entry.value) }
        case .sequence:
            for item in input.allItems { list(item) }
        case .scalar, .alias:
            gap(input.node, input.path, "expected a mapping or a list, found \"\(input.node.scalar?.string ?? "")\"")
        }
    }
}
