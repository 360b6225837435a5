#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

// The engine aborts the process when its settings are invalid. So all that it would refuse is refused here first.

extension EngineConfiguration {
    func validate() throws(WasmtimeError) {
        try Self.check("maxWasmStack", maxWasmStack, in: 4 << 10...4 << 20)
        try Self.check("asyncStackSize", asyncStackSize, in: maxWasmStack + Self.hostStack...64 << 20)
        if let memoryReservation {
            try Self.check("memoryReservation", memoryReservation, in: 0...4 << 40)
        }
        if let memoryGuardSize {
            try Self.check("memoryGuardSize", memoryGuardSize, in: 0...64 << 30)
        }
        for rule in WasmFeatures.requirements where features.contains(rule.feature) {
            guard features.isSuperset(of: rule.needs) else {
                throw WasmtimeError(.configuration, "the feature \(rule.name) needs \(rule.needed)")
            }
        }
        #if !(os(Linux) && arch(x86_64))
        guard !features.contains(.stackSwitching) else {
            throw WasmtimeError(.configuration, "the feature stackSwitching needs Linux on x86_64")
        }
        #endif
        if case .pooling(let limits) = allocation {
            try validate(limits)
        }
    }

    private func validate(_ limits: PoolingLimits) throws(WasmtimeError) {
        let reservation = memoryReservation ?? 4 << 30
        try Self.check("allocation.instances", Int(limits.instances), in: 1...1_000_000)
        try Self.check("allocation.memories", Int(limits.memories), in: 0...1_000_000)
        try Self.check("allocation.tables", Int(limits.tables), in: 0...1_000_000)
        try Self.check("allocation.stacks", Int(limits.stacks), in: 0...16_000)
        try Self.check("allocation.memoryBytes", limits.memoryBytes, in: 0...reservation)
        try Self.check("allocation.tableElements", limits.tableElements, in: 0...10_000_000)
        try Self.check("allocation.memoriesPerModule", Int(limits.memoriesPerModule), in: 0...1_000)
        try Self.check("allocation.tablesPerModule", Int(limits.tablesPerModule), in: 0...1_000)
        try Self.check("allocation.instanceBytes", limits.instanceBytes, in: 1 << 10...1 << 30)
        try Self.check("allocation.memoryKeepResident", limits.memoryKeepResident, in: 0...4 << 30)
        try Self.check("allocation.tableKeepResident", limits.tableKeepResident, in: 0...4 << 30)
        try Self.check("allocation.stackKeepResident", limits.stackKeepResident, in: 0...asyncStackSize)

        let slot = reservation + (memoryGuardSize ?? 32 << 20)
        try Self.checkReservation("allocation.memories", slot, Int(limits.memories) + 1, PROT_NONE)
        try Self.checkReservation(
            "allocation.tables", limits.tableElements * 16 + 65_536, Int(limits.tables), PROT_READ | PROT_WRITE)
        try Self.checkReservation(
            "allocation.stacks", asyncStackSize + 2 * 65_536, Int(limits.stacks), PROT_READ | PROT_WRITE)
    }

    private static func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws(WasmtimeError) {
        guard range.contains(value) else {
            throw WasmtimeError(
                .configuration, "\(name) is \(value), which is not in \(range.lowerBound)...\(range.upperBound)")
        }
    }

    /// Maps as much as the pool will, and gives it back.
    private static func checkReservation(
        _ name: String, _ bytes: Int, _ count: Int, _ protection: CInt
    ) throws(WasmtimeError) {
        let (total, overflow) = bytes.multipliedReportingOverflow(by: count)
        guard total > 0 || overflow else {
            return
        }
        // A mapping of our own that is unmapped before anything points into it.
        let start = unsafe overflow ? MAP_FAILED : mmap(nil, total, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard unsafe start != MAP_FAILED else {
            throw WasmtimeError(
                .configuration, "\(name): \(count) times \(bytes) bytes of address space cannot be reserved")
        }
        unsafe munmap(start, total)
    }
}
