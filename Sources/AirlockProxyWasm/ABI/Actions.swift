/// What a headers callback asks for. The ABI knows 0 (continue) and 1 (pause); Envoy's host takes 0 to 4, and
/// whatever is above them stops.
enum HeadersAction {
    case `continue`
    /// Hold back the headers, and the body behind them.
    case pause
    /// Hold back the headers, and look at the body.
    case pauseHeaders

    /// 2, "continue and end the stream", was dropped by the SDKs before 0.2.0 and continues.
    /// - Parameter showsBody: whether 1, "stop iteration", leaves the body going. Otherwise every stopping value means "stop all
    ///   iteration", as Envoy does by default.
    init(_ value: UInt32, showsBody: Bool) {
        switch value {
        case 0, 2: self = .continue
        case 1 where showsBody: self = .pauseHeaders
        default: self = .pause
        }
    }
}

/// What a body callback asks for (Envoy's FilterDataStatus).
enum BodyAction {
    case `continue`
    /// Keep the bytes and show them again with the next ones.
    case pause
    /// Stop and drop the bytes.
    case discard

    init(_ value: UInt32) {
        switch value {
        case 0: self = .continue
        case 1, 2: self = .pause
        default: self = .discard
        }
    }
}

/// What a trailers callback asks for.
enum TrailersAction {
    case `continue`
    case pause

    init(_ value: UInt32) {
        self = value == 0 ? .continue : .pause
    }
}
