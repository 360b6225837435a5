import Gateway
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The server behind Envoy and the gateway. It answers by the path's second segment and writes down what it saw.
final class RecordingUpstream: Sendable {
    private let seen = Mutex<[String]>([])

    /// What it saw since it was asked last.
    func take() -> [String] {
        seen.withLock { seen in
            defer { seen = [] }
            return seen
        }
    }

    /// Serves on a free port while `body` runs.
    func run<Value: Sendable>(_ body: @Sendable (Int) async throws -> Value) async throws -> Value {
        let bound = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "upstream")
        logger.logLevel = .critical
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in try await self.answer(request)
            },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                bound.continuation.yield(channel.localAddress?.port ?? 0)
                bound.continuation.finish()
            },
            logger: logger
        )
        let group = ServiceGroup(configuration: .init(services: [application], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var ports = bound.stream.makeAsyncIterator()
            let value = try await body(await ports.next() ?? 0)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return value
        }
    }

    private func answer(_ request: Request) async throws -> Response {
        let body = String(buffer: try await request.body.collect(upTo: 1 << 20))
        let fields = Observation.comparable(request.headers.map { ($0.name.canonicalName, $0.value) })
        seen.withLock {
            $0.append(([request.method.rawValue + " " + request.uri.string] + fields + [body]).joined(separator: " | "))
        }
        let user = HTTPField.Name("x-user").map { [$0: "ann"] as HTTPFields } ?? [:]
        switch request.uri.path.split(separator: "/").dropFirst().first {
        case "empty": return Response(status: .noContent)
        case "missing": return text("not here", .notFound)
        case "echo": return text(body)
        case "deny": return text("no", .forbidden)
        case "check": return text("yes", headers: user)
        case "slow":
            // Longer than filters that do not wait for it.
            try await Task.sleep(for: .seconds(1))
            return text("at last")
        case "chunked":
            return Response(
                status: .ok, headers: [.contentType: "text/plain"],
                body: .init { writer in
                    for part in ["one ", "two ", "three"] { try await writer.write(ByteBuffer(string: part)) }
                    try await writer.finish(nil)
                })
        default: return text("hello from upstream")
        }
    }

    private func text(
        _ text: String, _ status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = "text/plain"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
