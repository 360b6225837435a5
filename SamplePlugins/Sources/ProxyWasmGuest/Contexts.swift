/// The contexts that are alive in this virtual machine.
///
/// `nonisolated(unsafe)` is right here: a guest has one thread, and the host runs one callback at a time.
enum Contexts {
    /// Makes the plugin's root context; `main()` sets it.
    @safe nonisolated(unsafe) static var makeRoot: (() -> any RootContext)?
    @safe nonisolated(unsafe) static var roots = ContextTable<any RootContext>()
    @safe nonisolated(unsafe) static var filters = ContextTable<any HTTPFilter>()

    static func create(_ id: UInt32, parent: UInt32) {
        if parent == 0 {
            guard let root = makeRoot?() else { return }
            roots.insert(root, id: id)
        } else if let root = roots[parent] {
            filters.insert(root.makeFilter(ContextID(rawValue: id)), id: id)
        }
    }

    static func delete(_ id: UInt32) {
        filters.remove(id)
        roots.remove(id)
    }
}

/// Contexts in the order of their ids. Hosts count ids upwards, so a new one nearly always goes to the end.
struct ContextTable<Context> {
    private var entries: [(id: UInt32, context: Context)] = []

    subscript(id: UInt32) -> Context? {
        let index = firstIndex(notBelow: id)
        guard index < entries.count, entries[index].id == id else { return nil }
        return entries[index].context
    }

    mutating func insert(_ context: Context, id: UInt32) {
        remove(id)
        entries.insert((id, context), at: firstIndex(notBelow: id))
    }

    mutating func remove(_ id: UInt32) {
        let index = firstIndex(notBelow: id)
        guard index < entries.count, entries[index].id == id else { return }
        entries.remove(at: index)
    }

    private func firstIndex(notBelow id: UInt32) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
