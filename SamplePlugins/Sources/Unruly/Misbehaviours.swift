internal import CProxyWasm
internal import ProxyWasmGuest

/// Spins without calling the host.
func loopForEver() {
    while true {}
}

/// Allocates and touches a page at a time, until there is no more: the allocator then traps, with memory at its cap.
func eatMemory() {
    var hoard: [[UInt8]] = []
    while true { hoard.append([UInt8](repeating: 0xAA, count: 65_000)) }
}

/// Recurses as deep as the stream's id is from 2³², far deeper than any stack.
func recurse(_ id: ContextID) {
    if descend(0, to: UInt32.max - id.rawValue) == 1 { log(.info, "unruly: came back from the depths") }
}

/// The result depends on each level, so that no loop can do the same.
@inline(never)
private func descend(_ depth: UInt32, to deepest: UInt32) -> UInt32 {
    guard depth < deepest else { return depth }
    let below = descend(depth &+ 1, to: deepest)
    return (below << 5 | below >> 27) ^ depth
}

/// Logs without end.
func floodLog() {
    while true { log(.info, "unruly: a line of a log that never ends, as long as a line of a log may well be") }
}

/// Calls the host without end.
func floodHost() {
    while true { _ = currentTimeNanoseconds() }
}

/// Adds a header with a value of 1 MiB.
func addHugeHeader(to headers: HeaderMap) {
    let status = headers.add("x-huge", [UInt8](repeating: UInt8(ascii: "h"), count: 1 << 20))
    logStatus("unruly: the huge header got status ", status.rawValue)
}

/// Hands the host ranges that lie outside linear memory, wrap around, or overlap its end.
func passBadPointers() {
    let end: UInt = 0xFFFF_FFF0
    // Right because nothing here looks at the places: the host is to refuse them.
    guard let source = unsafe UnsafePointer<UInt8>(bitPattern: end),
        let count = unsafe UnsafeMutablePointer<Int>(bitPattern: end),
        let result = unsafe UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>(bitPattern: end)
    else { return }
    let statuses = unsafe [
        proxy_log(2, source, 8),
        proxy_log(2, source, 64),
        proxy_log(2, source, -1),
        proxy_add_header_map_value(0, source, 64, source, 64),
        proxy_get_header_map_pairs(0, result, count),
        proxy_get_buffer_bytes(0, -1, -1, result, count),
    ]
    for status in statuses { logStatus("unruly: the bad pointer got status ", status) }
}

/// Answers locally from every callback, also from the one for its own answer.
func answerLocally() -> Action {
    sendLocalResponse(status: 200, body: "unruly\n")
    return .pause
}

private func logStatus(_ message: StaticString, _ status: UInt32) {
    var line: [UInt8] = []
    line.append(message)
    line.append([UInt8](decimal: UInt64(status)))
    log(.warning, line)
}

extension Span<UInt8> {
    /// Whether the bytes are those of a literal.
    func equals(_ literal: StaticString) -> Bool {
        literal.withBytes { literal in
            guard count == literal.count else { return false }
            for index in indices where self[index] != literal[index] { return false }
            return true
        }
    }
}
