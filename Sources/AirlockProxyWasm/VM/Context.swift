/// What a callback or a host function acts on.
enum Context {
    case root(RootContext)
    case stream(StreamContext)

    /// The filter's own context; nil once a stream's context has left its virtual machine.
    var root: RootContext? {
        switch self {
        case .root(let context): context
        case .stream(let context): context.root
        }
    }

    /// The filter whose context it is.
    var filter: FilterInstance {
        switch self {
        case .root(let context): context.filter
        case .stream(let context): context.filter
        }
    }

    /// Whether it is a filter's own context, and that is being started.
    var isStarting: Bool {
        if case .root(let context) = self { context.isStarting } else { false }
    }

    var stream: StreamContext? {
        if case .stream(let context) = self { context } else { nil }
    }

    var id: UInt32 {
        switch self {
        case .root(let context): context.id
        case .stream(let context): context.id
        }
    }
}
