/// How far one message of a stream has got through the filters.
final class MessageFlow: Flow {
    /// The message's headers, from the moment they came; filters read them as long as the stream lives.
    var headers: HeaderMap?
    var trailers: HeaderMap?
    /// What the headers took when they came in.
    private(set) var headersSize = HeaderMap.Size()
    private(set) var trailersSize = HeaderMap.Size()
    /// Whether the headers are the whole message.
    var endsWithHeaders = false
    /// The filter that may change the headers: the one that is being called with them, or that holds them back.
    var headersEditor: StreamContext?
    var trailersEditor: StreamContext?
    /// The position that holds back the headers.
    var headersPause: Int?
    /// Whether the filter at ``headersPause`` sees the body meanwhile.
    var headersPauseShowsBody = false
    /// Whether body may come before the headers have left, because a filter asked to see it first.
    var takesEarlyBody = false
    /// Body in front of the filter at ``headersPause``, which sees it once it has let go of the headers.
    var parked: [UInt8] = []
    /// Whether the message ends with what is parked.
    var isEndParked = false
    /// The position that holds back the trailers.
    var trailersPause: Int?
    var headersLeft = false
    var trailersLeft = false

    /// Whether a filter that holds back the headers waits for body that has not come in.
    var wantsBody: Bool { headersPause != nil && headersPauseShowsBody && !hasEnded }

    func begin(_ headers: HeaderMap, endOfStream: Bool) {
        self.headers = headers
        headersSize = headers.size
        endsWithHeaders = endOfStream
    }

    func end(_ trailers: HeaderMap) {
        self.trailers = trailers
        trailersSize = trailers.size
        hasEnded = true
    }

    func takeParked() -> (bytes: [UInt8], isEnd: Bool) {
        defer { (parked, isEndParked) = ([], false) }
        return (parked, isEndParked)
    }
}
