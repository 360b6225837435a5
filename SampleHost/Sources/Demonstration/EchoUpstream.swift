import Foundation
import Hummingbird
import Logging
import ServiceLifecycle

/// The server behind the gateway: it answers with what it was sent, and under `/cards` with a card number in pieces.
struct EchoUpstream {
    /// What `/cards` sends, part by part: the number and the address are split between parts.
    static let cardParts = [
        #"{"name": "Ada", "card": "4111 1111 "#, #"1111 1111", "mail": "ada@exa"#, #"mple.org", "total": 12}"#,
    ]

    let application: Application<CallbackResponder<BasicRequestContext>>
    private let ports: AsyncStream<Int>

    init(logger: Logger) {
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        self.ports = ports
        application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in try await Self.answer(request)
            },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                continuation.yield(channel.localAddress?.port ?? 0)
                continuation.finish()
            },
            logger: logger
        )
    }

    /// The port, once the server listens.
    var port: Int { get async { await ports.first { _ in true } ?? 0 } }

    private static func answer(_ request: Request) async throws -> Response {
        let json: HTTPFields = [.contentType: "application/json"]
        guard request.uri.path.hasPrefix("/cards") else {
            let body = try await request.body.collect(upTo: 16 << 20)
            let fields = request.headers.map { "\"\($0.name.canonicalName)\": \"\($0.value)\"" }.joined(separator: ", ")
            let echo = "{\"path\": \"\(request.uri)\", \"bytes\": \(body.readableBytes), \"headers\": {\(fields)}}\n"
            return Response(status: .ok, headers: json, body: ResponseBody(byteBuffer: ByteBuffer(string: echo)))
        }
        return Response(
            status: .ok,
            headers: json,
            body: ResponseBody { writer in
                for part in cardParts { try await writer.write(ByteBuffer(string: part)) }
                try await writer.finish(nil)
            }
        )
    }
}
