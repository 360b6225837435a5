/// Counts for each open block of one function how many of its locals are set in it, in blocks inside of it too, each local once.
///
/// A local is in the count of one open block only, the innermost that it was set in. When that block closes, its locals are in the next
/// one's count: that takes one addition, however many locals and blocks there are.
struct SetLocals {
    private struct Block {
        var start: UInt64
        var count: UInt64 = 0
    }

    private var open: [Block] = []
    /// The number of blocks that were opened.
    private var time: UInt64 = 0
    /// When each local was last set.
    private var lastSet: [UInt32: UInt64] = [:]

    mutating func openBlock() {
        time += 1
        open.append(Block(start: time))
    }

    /// - Returns: How many locals were set in the block.
    mutating func closeBlock() -> UInt64 {
        guard let count = open.popLast()?.count else { return 0 }
        if !open.isEmpty { open[open.count - 1].count += count }
        return count
    }

    mutating func set(_ local: UInt32) {
        guard let innermost = open.indices.last else { return }
        if let last = lastSet.updateValue(time, forKey: local) {
            let counted = blockThatWasInnermost(at: last)
            guard counted != innermost else { return }
            open[counted].count -= 1
        }
        open[innermost].count += 1
    }

    /// The innermost of the open blocks that were open at a time.
    private func blockThatWasInnermost(at time: UInt64) -> Int {
        var low = 0
        var high = open.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if open[middle].start <= time { low = middle } else { high = middle - 1 }
        }
        return low
    }
}
