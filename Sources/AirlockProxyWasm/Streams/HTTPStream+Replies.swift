/// Answers in place of the upstream's.
extension HTTPStream {
    /// A reply passes through the response filters, the sender's own as well, unless a response is already on its
    /// way: then it goes out as it is.
    func beginReply() {
        guard var reply = askedReply, finalReply == nil else { return }
        askedReply = nil
        if request.headers?.areOfGRPC == true { reply = reply.trailersOnly }
        guard response.headers == nil, !reply.resetsStream else {
            var direct = reply
            direct.take(reply.responseHeaders)
            if response.headersLeft, passingReply == nil { direct.resetsStream = true }
            return finish(with: direct)
        }
        passingReply = reply
        response.begin(reply.responseHeaders, endOfStream: reply.body.isEmpty)
        response.bodyBytes = reply.body.count
        passHeaders(response, from: 0)
    }

    /// Sends the reply's body after its headers, and ends the stream when all of it is through.
    func continueReply() {
        guard var reply = passingReply, finalReply == nil else { return }
        guard response.headersLeft || (response.headersPause != nil && response.headersPauseShowsBody) else { return }
        if !response.bodyLeft {
            guard !reply.body.isEmpty else { return }
            let body = reply.body
            passingReply?.body = []
            response.hasEnded = true
            return passBody(response, body, endOfStream: true, from: 0)
        }
        reply.body = response.takeOutput()
        reply.take(response.headers ?? HeaderMap())
        finish(with: reply)
    }

    /// Tells who waits for a reply of it, or of the stream's end.
    func tellReply() {
        guard finalReply != nil || duration != nil else { return }
        replyWaiter.take()?.resume(returning: finalReply)
    }

    func finish(with reply: LocalReply) {
        finalReply = reply
        request.headersPause = nil
        request.trailersPause = nil
        response.headersPause = nil
        response.trailersPause = nil
    }
}
