import AirlockProxyWasm

/// Upstreams of gRPC that answer as a closure says.
struct GRPCUpstreams: GRPCCallOutClient {
    typealias Receive = @Sendable (GRPCCallOutPart) async throws -> Void
    typealias Answer =
        @Sendable (GRPCCallOut, GRPCCallOutMessages, @escaping Receive) async throws -> GRPCCallOutEnd

    let upstreams: Set<String>
    let answer: Answer

    init(_ upstreams: Set<String> = ["auth"], answering answer: @escaping Answer) {
        self.upstreams = upstreams
        self.answer = answer
    }

    func call(
        _ call: GRPCCallOut, to upstream: String, sending messages: GRPCCallOutMessages,
        receiving receive: @escaping Receive
    ) async throws -> GRPCCallOutEnd {
        try await answer(call, messages, receive)
    }
}

extension GRPCCallOutMessages {
    /// All messages as texts, once the filter has closed its side.
    func texts() async -> [String] {
        var texts: [String] = []
        for await message in self { texts.append(String(decoding: message, as: UTF8.self)) }
        return texts
    }
}

extension GRPCCallOutPart {
    static func text(_ text: String) -> Self { .message(Array(text.utf8)) }
}

struct NotThere: Error {}
