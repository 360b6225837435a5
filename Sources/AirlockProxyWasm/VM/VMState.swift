import Airlock
import Logging

/// The host's side of one virtual machine: what its host functions work on. Attached to the instance, and confined to
/// its worker loop.
final class VMState {
    /// What the guest is doing, which decides what it may call.
    enum Phase {
        case starting
        case running
        case allocating
    }

    let key: VMKey
    let space: SharedSpaces.Space
    let limits: ProxyWasmRuntimeLimits
    let agenda: LoopAgenda
    let allocator: GuestFunction<UInt32, UInt32>
    /// Used while no context is active: in start functions.
    let logger: Logger

    var phase = Phase.starting
    /// The context that the callback in progress was given.
    var current: Context?
    /// The context that the guest chose instead, by `proxy_set_effective_context`.
    var effective: Context?
    private var contexts: [UInt32: Context] = [:]
    private var lastID: UInt32 = 0

    init(
        key: VMKey,
        space: SharedSpaces.Space,
        limits: ProxyWasmRuntimeLimits,
        agenda: LoopAgenda,
        allocator: GuestFunction<UInt32, UInt32>,
        logger: Logger
    ) {
        self.key = key
        self.space = space
        self.limits = limits
        self.agenda = agenda
        self.allocator = allocator
        self.logger = logger
    }

    /// The context that host functions act on.
    var active: Context? { effective ?? current }

    var headerRules: HeaderRules {
        HeaderRules(maximumBytes: limits.headerBytes, maximumFields: limits.headerFields)
    }

    /// A context number that is not in use. 0 is none.
    func nextID() -> UInt32 {
        repeat {
            lastID = lastID == .max ? 1 : lastID + 1
        } while contexts[lastID] != nil
        return lastID
    }

    func context(_ id: UInt32) -> Context? { contexts[id] }

    /// The contexts of streams.
    var streamContexts: [StreamContext] { contexts.values.compactMap(\.stream) }

    func add(_ context: Context) {
        contexts[context.id] = context
    }

    func remove(_ id: UInt32) {
        contexts[id] = nil
    }

    func removeAll() {
        contexts = [:]
        current = nil
        effective = nil
    }
}
