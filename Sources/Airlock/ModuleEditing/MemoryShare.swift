import WorkerLoop

/// Up to what size one memory of a module may grow.
struct MemoryShare: Equatable {
    /// The highest number of pages (64 KiB).
    var maximum: UInt64
    /// Whether the host's limit, and not only the module's own maximum, keeps the memory from growing further.
    var isHostLimit: Bool

    /// Divides `limit` bytes among all memories of a module, so that their sum stays within it.
    ///
    /// Each memory gets what it starts with and an equal share of what is left then. What a memory cannot use, because its own
    /// maximum is lower, goes to the others. Where the memories start with more than the limit, they get no more than that; such a
    /// module is refused elsewhere.
    static func dividing(_ limit: Int, among memories: [ModuleOutline.Limits]) -> [MemoryShare] {
        let initial = memories.reduce(UInt64(0)) { $0.addingSaturated($1.minimum) }
        let pages = UInt64(max(limit, 0)) / 65_536
        var left = pages > initial ? pages - initial : 0
        var shares = memories.map { MemoryShare(maximum: $0.minimum, isHostLimit: true) }
        let headrooms = memories.map { memory in
            let most = memory.maximum ?? 65_536
            return most > memory.minimum ? most - memory.minimum : 0
        }
        let order = headrooms.indices.sorted { headrooms[$0] < headrooms[$1] }
        for (position, index) in order.enumerated() {
            let share = left / UInt64(order.count - position)
            let growth = min(headrooms[index], share)
            left -= growth
            shares[index].maximum = shares[index].maximum.addingSaturated(growth)
            shares[index].isHostLimit = headrooms[index] >= share
        }
        return shares
    }
}
