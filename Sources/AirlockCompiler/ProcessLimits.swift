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
        // What serves requests goes first. Who starts later threads has this priority, and hands it on.
        _ = setpriority(Self.thisProcess, 0, Self.priority)
        // At the first number the system sends SIGXCPU, at the second one SIGKILL.
        return set(RLIMIT_CPU, "processor time", processorSeconds, processorSeconds + 1)
            ?? setAddressSpace()
            ?? set(RLIMIT_CORE, "size of core dumps", 0)
            ?? set(RLIMIT_FSIZE, "size of files", 0)
            // Standard input, output and error.
            ?? set(RLIMIT_NOFILE, "open files", 3)
    }

    /// From 0, which is usual, to 19, which gives way to everybody else.
    private static let priority: CInt = 10

    #if canImport(Glibc)
    private static let thisProcess = CInt(PRIO_PROCESS.rawValue)
    #else
    private static let thisProcess = CInt(PRIO_PROCESS)
    #endif

    /// Darwin takes this limit and does not keep it. Under a sanitizer, which reserves terabytes before anything else runs, no such limit
    /// can be kept.
    private func setAddressSpace() -> String? {
        let taken = Self.addressSpaceTaken
        guard taken < 8 << 40 else { return nil }
        guard taken < addressSpaceBytes else {
            return "the limit of the address space is \(addressSpaceBytes) bytes, and the process begins with \(taken)"
        }
        return set(RLIMIT_AS, "address space", addressSpaceBytes)
    }

    /// The address space that this process has, in bytes, where the system says it.
    private static var addressSpaceTaken: UInt64 {
        // Safe: the path is read, and at most as many bytes as there is room for are written, during the calls only.
        let file = unsafe open("/proc/self/statm", O_RDONLY)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 128)
        let count = unsafe text.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
        let pages = text.prefix(max(0, count)).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return (UInt64(String(decoding: pages, as: UTF8.self)) ?? 0) * UInt64(getpagesize())
    }

    #if canImport(Glibc)
    private typealias Resource = __rlimit_resource
    #else
    private typealias Resource = CInt
    #endif

    private func set(_ resource: Resource, _ name: String, _ soft: UInt64, _ hard: UInt64? = nil) -> String? {
        var limit = rlimit(rlim_cur: rlim_t(soft), rlim_max: rlim_t(hard ?? soft))
        // Safe: the call reads this one value.
        #if canImport(Glibc)
        let result = unsafe setrlimit(CInt(resource.rawValue), &limit)
        #else
        let result = unsafe setrlimit(resource, &limit)
        #endif
        guard result != 0 else { return nil }
        // Safe: the text is copied at once.
        return unsafe "the limit of the \(name) could not be set to \(soft): \(String(cString: strerror(errno)))"
    }
}
