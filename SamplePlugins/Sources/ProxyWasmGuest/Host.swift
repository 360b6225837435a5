internal import CProxyWasm

// `unsafe` in this file: the host reads what it is lent during the call only, and what it returns is owned by `HostBytes`.

/// The level of a log message. Source: Proxy-Wasm ABI 0.2.1, "proxy_log_level_t".
public enum LogLevel: UInt32, Sendable {
    case trace = 0
    case debug, info, warning, error, critical
}

/// Writes a message to the host's log.
public func log(_ level: LogLevel, _ message: StaticString) {
    write(level, message)
}

/// Writes a message to the host's log.
@_disfavoredOverload
public func log(_ level: LogLevel, _ message: borrowing some Bytes & ~Copyable) {
    write(level, message)
}

private func write(_ level: LogLevel, _ message: borrowing some Bytes & ~Copyable) {
    message.withBytes { message in
        unsafe message.withUnsafeBufferPointer { message in
            _ = unsafe proxy_log(level.rawValue, message.baseAddress, message.count)
        }
    }
}

/// The wall clock, in nanoseconds since 1970; 0 when the host gives no time.
public func currentTimeNanoseconds() -> UInt64 {
    var time: UInt64 = 0
    return unsafe Status(proxy_get_current_time_nanoseconds(&time)) == .ok ? time : 0
}

/// Asks for `onTick` each time this many milliseconds have passed; 0 ends it.
@discardableResult
public func setTickPeriod(milliseconds: UInt32) -> Status {
    Status(proxy_set_tick_period_milliseconds(milliseconds))
}

/// The value of a property such as `property("request", "path")`, in the host's own encoding; nil when it is absent.
public func property(_ path: StaticString...) -> HostBytes? {
    var joined: [UInt8] = []
    for (index, part) in path.enumerated() {
        if index > 0 { joined.append(0) }
        joined.append(part)
    }
    return unsafe joined.span.withUnsafeBufferPointer { path in
        unsafe HostBytes.returned { unsafe proxy_get_property(path.baseAddress, path.count, $0, $1) }
    }
}

/// Makes the host functions that follow in this callback act on another stream or root context.
@discardableResult
public func actOn(_ context: ContextID) -> Status {
    Status(proxy_set_effective_context(context.rawValue))
}

/// Tells the host that a stream whose `onDone` answered false is now done.
@discardableResult
public func finish() -> Status {
    Status(proxy_done())
}

/// One direction of the current stream. Source: Proxy-Wasm ABI 0.2.1, "proxy_stream_type_t".
public enum StreamDirection: UInt32, Sendable {
    case request = 0
    case response = 1

    /// Lets a paused direction go on.
    @discardableResult
    public func resume() -> Status { Status(proxy_continue_stream(rawValue)) }

    /// Resets the stream.
    @discardableResult
    public func close() -> Status { Status(proxy_close_stream(rawValue)) }
}
