/// What becomes of a request's or a response's headers.
public enum HeadersOutcome: Sendable, Equatable {
    /// Send these on. Where a filter of the chain reads bodies (``HTTPFilterStream/filtersRequestBody``), drop
    /// `content-length`: the body may change its length.
    case forward(HeaderMap)
    /// Answer with this instead. Response filters have seen it already.
    case localReply(LocalReply)
}

/// What becomes of a part of a body.
public enum BodyOutcome: Sendable, Equatable {
    /// Send these bytes on. They may be none, because a filter holds bytes back, and may hold bytes of earlier parts.
    /// Where the part was the last one, so are they.
    case forward([UInt8])
    /// Answer with this instead.
    case localReply(LocalReply)
}

/// What becomes of trailers.
public enum TrailersOutcome: Sendable, Equatable {
    /// Send the rest of the body that filters held back, then the trailers.
    case forward(body: [UInt8], trailers: HeaderMap)
    /// Answer with this instead.
    case localReply(LocalReply)
}
