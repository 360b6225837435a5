import Wasmtime

/// The linear memories of one instance. They keep the store alive.
final class InstanceMemories {
    /// The export named `memory`, which host functions use.
    let named: Memory?
    private let others: [Memory]
    private let refusals: Global?

    /// None, as before the instantiation.
    init() {
        (named, others, refusals) = (nil, [], nil)
    }

    init(_ exports: HostExports, memory: (String) -> Memory?, global: (String) -> Global?) {
        named = memory("memory")
        others = exports.memories.lazy.filter { $0 != "memory" }.compactMap(memory)
        refusals = exports.refusals.flatMap(global)
    }

    /// The size of all memories together. Linear memory never shrinks, so this is its high-water mark as well.
    var byteCount: Int {
        let size = named?.byteCount ?? 0
        return others.isEmpty ? size : others.reduce(size) { $0 + $1.byteCount }
    }

    /// Whether the memory limit refused growth at any time since the instance was made.
    var wasRefusedGrowth: Bool {
        guard let count = try? refusals?.value(as: Int64.self) else { return false }
        return count != 0
    }
}
