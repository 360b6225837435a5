internal import ProxyWasmGuest

/// Misbehaves on request: the header `x-unruly` says how. Other requests, and other values, pass.
///
/// `loop`, `memory`, `trap`, `recurse`, `log` and `host-calls` never return by themselves; `header`, `bad-pointer` and
/// `local-loop` give the host something that it must refuse, or stop.
@main
final class Unruly: RootContext {
    func makeFilter(_ id: ContextID) -> any HTTPFilter { UnrulyFilter(id) }
}

/// Misbehaves in one stream.
final class UnrulyFilter: HTTPFilter {
    private let id: ContextID
    private var misbehaviour: Misbehaviour?

    init(_ id: ContextID) {
        self.id = id
    }

    func onRequestHeaders(_ headers: HeaderMap, endOfStream: Bool) -> Action {
        if let name = headers.value("x-unruly") { misbehaviour = name.withBytes { Misbehaviour($0) } }
        switch misbehaviour {
        case .loop: loopForEver()
        case .memory: eatMemory()
        case .trap: fatalError()
        case .recurse: recurse(id)
        case .log: floodLog()
        case .hostCalls: floodHost()
        case .header: addHugeHeader(to: headers)
        case .badPointer: passBadPointers()
        case .localLoop: return answerLocally()
        case nil: break
        }
        return .continue
    }

    func onResponseHeaders(_ headers: HeaderMap, endOfStream: Bool) -> Action {
        switch misbehaviour {
        case .header: addHugeHeader(to: headers)
        case .localLoop: return answerLocally()
        default: break
        }
        return .continue
    }
}

/// The values of `x-unruly`.
enum Misbehaviour {
    case loop, memory, trap, recurse, log, hostCalls, header, badPointer, localLoop

    init?(_ name: Span<UInt8>) {
        switch true {
        case name.equals("loop"): self = .loop
        case name.equals("memory"): self = .memory
        case name.equals("trap"): self = .trap
        case name.equals("recurse"): self = .recurse
        case name.equals("log"): self = .log
        case name.equals("host-calls"): self = .hostCalls
        case name.equals("header"): self = .header
        case name.equals("bad-pointer"): self = .badPointer
        case name.equals("local-loop"): self = .localLoop
        default: return nil
        }
    }
}
