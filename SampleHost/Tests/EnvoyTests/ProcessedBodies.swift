/// How Envoy sends bodies to an external processor.
enum ProcessedBodies: String, Sendable, CaseIterable {
    /// As the processor asks for them.
    case asked
    case streamed = "STREAMED"
    case buffered = "BUFFERED"
    case bufferedPartial = "BUFFERED_PARTIAL"
    case duplex = "FULL_DUPLEX_STREAMED"
}
