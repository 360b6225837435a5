import Airlock
import Logging
import Synchronization

/// The descriptors of one instance. What they hold is closed when the instance is freed.
final class WASIDescriptorTable: Sendable {
    private struct State {
        var descriptors: [UInt32: WASIDescriptor] = [:]
        /// The listing that a guest reads in pieces. One per instance, because a listing can be large.
        var listing: (of: WASIDescriptor, entries: [FolderEntry])?
    }

    /// Numbers of files and folders begin behind those of the standard streams, also where a stream was closed.
    private static let first: UInt32 = 3

    private let state: Mutex<State>
    private let limit: Int

    /// The standard streams and the granted folders.
    init(_ wasi: WASI, plugin: String) {
        var descriptors: [UInt32: WASIDescriptor] = [0: WASIDescriptor(.input, rights: .input)]
        if let log = wasi.log {
            descriptors[1] = WASIDescriptor(.output(WASIOutput(log, at: .info, of: plugin)), rights: .output)
            descriptors[2] = WASIDescriptor(.output(WASIOutput(log, at: .error, of: plugin)), rights: .output)
        }
        for (number, grant) in zip(Self.first..., wasi.files?.folders ?? []) {
            let isWritable = grant.access == .readWrite
            let rights: WASIRights = isWritable ? .writableFolder : .readableFolder
            descriptors[number] = WASIDescriptor(
                .folder(WASIFolder(folder: grant.root, grant: grant, isPreopened: true)),
                rights: rights,
                inheriting: rights.union(isWritable ? [.readableFile, .writableFile] : .readableFile)
            )
        }
        limit = wasi.files?.limits.openFiles ?? 0
        state = Mutex(State(descriptors: descriptors))
    }

    /// The descriptor of that number.
    /// - Parameter rights: what the guest must be allowed to do with it.
    func descriptor(_ number: UInt32, _ rights: WASIRights = []) throws(WASIFailure) -> WASIDescriptor {
        guard let descriptor = state.withLock({ $0.descriptors[number] }) else { throw .errno(.badDescriptor) }
        guard descriptor.state.rights.isSuperset(of: rights) else { throw .errno(.notCapable) }
        return descriptor
    }

    func close(_ number: UInt32) throws(WASIFailure) {
        guard let closed = state.withLock({ $0.descriptors.removeValue(forKey: number) }) else {
            throw .errno(.badDescriptor)
        }
        forgetListing(of: closed)
    }

    /// Gives `from` the number `to`; what had it is closed.
    func renumber(_ from: UInt32, _ to: UInt32) throws(WASIFailure) {
        let (isDone, closed) = state.withLock { state -> (Bool, WASIDescriptor?) in
            guard let moved = state.descriptors[from], let closed = state.descriptors[to] else { return (false, nil) }
            guard from != to else { return (true, nil) }
            state.descriptors[from] = nil
            state.descriptors[to] = moved
            return (true, closed)
        }
        guard isDone else { throw .errno(.badDescriptor) }
        if let closed { forgetListing(of: closed) }
    }

    /// Throws where the instance may open nothing more.
    func checkRoom() throws(WASIFailure) {
        guard state.withLock({ $0.descriptors.values.count(where: \.isCounted) }) < limit else {
            throw .errno(.tooManyOpen)
        }
    }

    /// Puts a descriptor under the lowest free number.
    func add(_ descriptor: WASIDescriptor) throws(WASIFailure) -> UInt32 {
        try checkRoom()
        return state.withLock { state in
            var number = Self.first
            while state.descriptors[number] != nil { number += 1 }
            state.descriptors[number] = descriptor
            return number
        }
    }

    /// The listing of a folder that was kept, if it is of that one.
    func listing(of descriptor: WASIDescriptor) -> [FolderEntry]? {
        state.withLock { state in
            guard let listing = state.listing, listing.of === descriptor else { return nil }
            return listing.entries
        }
    }

    func keep(_ entries: [FolderEntry], of descriptor: WASIDescriptor) {
        state.withLock { $0.listing = (descriptor, entries) }
    }

    private func forgetListing(of descriptor: WASIDescriptor) {
        state.withLock { state in
            if state.listing?.of === descriptor { state.listing = nil }
        }
    }

    /// Writes what the standard streams hold back of a line.
    func flush(for call: borrowing HostCall) throws(WASIFailure) {
        let streams = state.withLock { state in [1, 2].compactMap { state.descriptors[$0] } }
        for stream in streams {
            if case .output(let output) = stream.target { try output.flush(for: call) }
        }
    }
}
