public import Airlock

/// What a stream cost, filter by filter.
public struct StreamReport: Sendable {
    /// One filter's part.
    public struct Filter: Sendable {
        /// The filter's name.
        public var name: String
        /// The version that the stream used.
        public var version: Int
        /// What its callbacks for this stream used together; `calls` is their number. `memoryBytes` is the virtual
        /// machine's memory, which its streams share.
        public var usage: CallTotals
        /// Why the filter had no part in the stream or lost it; nil where it had.
        public var failure: PluginError?
    }

    /// The filters in the order of the chain.
    public var filters: [Filter]
    /// Time from the stream's opening to its end.
    public var duration: Duration
    /// Why there was a local reply, where there was one; of a connection why it did not go on (``ConnectionClosure/details``).
    public var replyDetails: String?

    /// A report of no stream.
    init() {
        filters = []
        duration = .zero
    }

    init(_ stream: FilterStream) {
        filters = stream.contexts.map {
            Filter(
                name: $0.filter.configuration.name, version: $0.filter.version.number, usage: $0.usage,
                failure: $0.failure)
        }
        duration = stream.duration ?? .zero
        replyDetails = stream.endDetails
    }
}
