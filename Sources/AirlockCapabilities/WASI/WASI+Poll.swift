import Airlock

/// Waiting.
extension WASI {
    /// The most subscriptions of one poll.
    static let maximumSubscriptions: UInt32 = 256

    static var pollFunctions: [HostFunction<Self>] {
        [
            .wasiWaiting("poll_oneoff") {
                (wasi, call, list: UInt32, events: UInt32, count: UInt32, result: UInt32) throws(WASIFailure) in
                guard (1...maximumSubscriptions).contains(count) else { throw .errno(.invalid) }
                try call.checkRoom(count * WASIEvent.size, at: events)
                try call.checkRoom(4, at: result)
                let bytes = try call.get(count * WASISubscription.size, at: list)
                var (ready, sleeping): ([WASIEvent], [(delay: UInt64, event: WASIEvent)]) = ([], [])
                for index in 0..<Int(count) {
                    let subscription = try WASISubscription(bytes, at: index * Int(WASISubscription.size))
                    switch wasi.outcome(of: subscription, call) {
                    case .now(let event): ready.append(event)
                    case .after(let delay, let event): sleeping.append((delay, event))
                    }
                }
                guard ready.isEmpty, let delay = sleeping.map(\.delay).min(), delay > 0 else {
                    ready += sleeping.filter { $0.delay == 0 }.map(\.event)
                    try call.put(ready, at: events, result)
                    return .done
                }
                let awakened = sleeping.filter { $0.delay == delay }.map(\.event)
                // Beyond the call's deadline, so a longer delay makes no difference. A task that is cancelled while it sleeps is kept by
                // the runtime until it would have awoken, which must not be as late as a guest likes.
                let longest = min(.nanoseconds(longestSleep), call.remainingTime + .milliseconds(10))
                return .waiting { () async throws(WASIFailure) in
                    do {
                        try await Task.sleep(for: min(.nanoseconds(min(delay, longestSleep)), longest))
                    } catch {
                        throw .errno(.cancelled)
                    }
                    return { (call) throws(WASIFailure) in try call.put(awakened, at: events, result) }
                }
            }
        ]
    }

    /// A year, in nanoseconds.
    private static let longestSleep: UInt64 = 365 * 86_400 * 1_000_000_000

    private enum Outcome {
        case now(WASIEvent)
        /// In nanoseconds.
        case after(UInt64, WASIEvent)
    }

    private func outcome(of subscription: WASISubscription, _ call: borrowing HostCall) -> Outcome {
        var event = WASIEvent(userData: subscription.userData, kind: subscription.kind)
        do throws(WASIFailure) {
            switch subscription.content {
            case .clock(let number, let timeout, let isAbsolute):
                let now = try now(number)
                guard isAbsolute else { return .after(timeout, event) }
                return .after(timeout > now ? timeout - now : 0, event)
            case .descriptor(let number, let rights):
                // Files are always ready, and standard input is at its end.
                let descriptor = try table(call).descriptor(number, rights.union(.poll))
                if case .input = descriptor.target { event.hasHungUp = true } else { event.bytes = 1 }
                return .now(event)
            }
        } catch {
            switch error {
            case .errno(let number): event.error = number
            case .stop: event.error = .inputOutput
            }
            return .now(event)
        }
    }
}

/// What a guest waits for. Source: the witx definition of `subscription`.
struct WASISubscription {
    enum Content {
        case clock(UInt32, timeout: UInt64, isAbsolute: Bool)
        case descriptor(UInt32, WASIRights)
    }

    static let size: UInt32 = 48

    let userData: UInt64
    let kind: UInt8
    let content: Content

    init(_ bytes: [UInt8], at offset: Int) throws(WASIFailure) {
        userData = bytes.integer(at: offset)
        kind = bytes[offset + 8]
        let number: UInt32 = bytes.integer(at: offset + 16)
        switch kind {
        case 0:
            let flags: UInt16 = bytes.integer(at: offset + 40)
            guard flags <= 1 else { throw .errno(.invalid) }
            content = .clock(number, timeout: bytes.integer(at: offset + 24), isAbsolute: flags == 1)
        case 1: content = .descriptor(number, .read)
        case 2: content = .descriptor(number, .write)
        default: throw .errno(.invalid)
        }
    }
}

/// What happened. Source: the witx definition of `event`.
struct WASIEvent: Sendable {
    static let size: UInt32 = 32

    var userData: UInt64
    var kind: UInt8
    var error = WASIErrno.success
    var bytes: UInt64 = 0
    var hasHungUp = false

    fileprivate var encoded: [UInt8] {
        userData.littleEndianBytes + UInt16(error.rawValue).littleEndianBytes + UInt16(kind).littleEndianBytes
            + UInt32(0).littleEndianBytes + bytes.littleEndianBytes + UInt64(hasHungUp ? 1 : 0).littleEndianBytes
    }
}

extension HostCall {
    fileprivate func put(_ list: [WASIEvent], at events: UInt32, _ result: UInt32) throws(WASIFailure) {
        try put(list.flatMap(\.encoded), at: events)
        try put(UInt32(list.count), at: result)
    }
}
