internal import ProxyWasmGuest
internal import Redaction

/// Masks payment-card numbers and e-mail addresses in JSON and text responses, part by part as they stream through.
///
/// It has no configuration. Lengths do not change, so `content-length` stays right.
@main
final class Redact: RootContext {
    func makeFilter(_ id: ContextID) -> any HTTPFilter { RedactFilter() }
}

/// Masks the body of one response.
final class RedactFilter: HTTPFilter {
    private var redactor: Redactor?

    /// Asks for what can be masked: no compression, and no byte range, which could begin within a number.
    func onRequestHeaders(_ headers: HeaderMap, endOfStream: Bool) -> Action {
        headers.replace("accept-encoding", "identity")
        headers.remove("range")
        headers.remove("if-range")
        return .continue
    }

    func onResponseHeaders(_ headers: HeaderMap, endOfStream: Bool) -> Action {
        guard !endOfStream, let type = headers.value("content-type") else { return .continue }
        guard let format = type.withBytes({ Redactor.Format(contentType: $0) }) else { return .continue }
        if headers.value("content-encoding") != nil {
            log(.warning, "redact: the upstream compressed the body although it was asked not to; it is not masked")
        } else {
            redactor = Redactor(format)
        }
        return .continue
    }

    func onResponseBody(_ body: Body, endOfStream: Bool) -> Action {
        guard redactor != nil, var bytes = body.read() else { return .continue }
        let part = bytes.withMutableBytes { redactor?.redact(&$0, isLast: endOfStream) }
        guard let part, part.isChanged else { return .continue }
        let isWritten = bytes.withBytes { body.replaceAll($0.extracting(first: part.count)) == .ok }
        guard isWritten, part.released.isEmpty || body.prepend(part.released.span) == .ok else { return stop() }
        return .continue
    }

    /// Trailers end the body without a last part.
    func onResponseTrailers(_ trailers: HeaderMap) -> Action {
        var nothing: [UInt8] = []
        var span = nothing.mutableSpan
        guard let part = redactor?.redact(&span, isLast: true), !part.released.isEmpty else { return .continue }
        return Body.response.append(part.released.span) == .ok ? .continue : stop()
    }

    /// Ends the response where something unmasked would go on.
    private func stop() -> Action {
        log(.error, "redact: the host did not take the masked body; the response ends here")
        StreamDirection.response.close()
        return .pause
    }
}
