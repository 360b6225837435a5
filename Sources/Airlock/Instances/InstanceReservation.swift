import Synchronization

/// How many instances a host has, and may have: each takes address space from the process.
final class InstanceCensus: Sendable {
    private let most: Int
    private let count = Atomic<Int>(0)

    init(most: Int) {
        self.most = most
    }

    var instances: Int { count.load(ordering: .relaxed) }

    fileprivate func enter(plugin: String, version: Int) throws(PluginError) {
        let (_, now) = count.wrappingAdd(1, ordering: .relaxed)
        guard now > most else { return }
        count.wrappingSubtract(1, ordering: .relaxed)
        throw PluginError(
            .overloaded,
            plugin: plugin,
            version: version,
            message: "the host has \(most) instances already, which is the most that it may have",
            limit: UInt64(most),
            used: UInt64(now)
        )
    }

    fileprivate func leave() {
        count.wrappingSubtract(1, ordering: .relaxed)
    }
}

/// The place of one instance among those of its host, and its memory in the quota of its plugin. Given back when this object is freed.
final class InstanceReservation {
    private let version: PluginVersion
    private let memory: Int

    init(_ version: PluginVersion) throws(PluginError) {
        let memory = version.largestMemory
        try version.quota?.reserve(memory: memory, plugin: version.plugin, version: version.number)
        do {
            try version.census.enter(plugin: version.plugin, version: version.number)
        } catch {
            version.quota?.release(memory: memory)
            throw error
        }
        // Last: an object whose fields are set gives back, on being freed, what it never had.
        self.version = version
        self.memory = memory
    }

    deinit {
        version.census.leave()
        version.quota?.release(memory: memory)
    }
}
