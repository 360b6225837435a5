public import Airlock

/// The events of a host from the moment that this was made, to wait for in a test.
public struct RecordedEvents: ~Copyable {
    private var iterator: AsyncStream<PluginEvent>.Iterator

    /// Starts to record.
    public init(of host: PluginHost) {
        iterator = host.events().makeAsyncIterator()
    }

    /// The next event that `matches`, waiting for it if need be; nil once the host was shut down.
    public mutating func first(where matches: (PluginEvent) -> Bool) async -> PluginEvent? {
        while let event = await iterator.next(isolation: #isolation) {
            if matches(event) { return event }
        }
        return nil
    }
}
