import CompilerProtocol

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The limits that this process puts on itself before it sees the module. No library sets them.
struct ProcessLimits {
    private let processorSeconds: UInt64
    private let addressSpaceBytes: UInt64

    init(_ head: CompilerRequest.Head) {
        processorSeconds = head.processorSeconds
        addressSpaceBytes = head.addressSpaceBytes
    }

    /// Sets the limits. Returns what the system refused, or nil.
    func enforce() -> String? {
        // At the first number the system sends SIGXCPU, at the second one SIGKILL.
        set(RLIMIT_CPU, "processor time", processorSeconds, processorSeconds + 1)
            // Darwin takes this limit and does not keep it.
            ?? set(RLIMIT_AS, "address space", addressSpaceBytes)
            ?? set(RLIMIT_CORE, "size of core dumps", 0)
            ?? set(RLIMIT_FSIZE, "size of files", 0)
            // Standard input, output and error.
            ?? set(RLIMIT_NOFILE, "open files", 3)
    }

    #if canImport(Glibc)
    private typealias Resource = __rlimit_resource
    #else
    private typealias Resource = CInt
    #endif

    private func set(_ resource: Resource, _ name: String, _ soft: UInt64, _ hard: UInt64? = nil) -> String? {
        var limit = rlimit(rlim_cur: rlim_t(soft), rlim_max: rlim_t(hard ?? soft))
        #if canImport(Glibc)
        let result = unsafe setrlimit(CInt(resource.rawValue), &limit)
        #else
        let result = unsafe setrlimit(resource, &limit)
        #endif
        guard result != 0 else { return nil }
        return unsafe "the limit of the \(name) could not be set to \(soft): \(String(cString: strerror(errno)))"
    }
}
