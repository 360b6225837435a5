import Crypto
import Foundation
import Gateway
import Hummingbird
import NIOCore
import Synchronization

/// What a server of modules has, and what it was asked for.
final class ModulePublisher: Sendable {
    private struct State {
        var files: [String: Data] = [:]
        /// Answers with this status whatever is asked.
        var status: HTTPResponse.Status?
        var asked: [String] = []
        var unchanged = 0
    }

    private let state = Mutex(State())

    /// Publishes a sample plugin as `filter.wasm`, and then its digest.
    func publish(_ sample: String) async throws { try publish(try await Self.module(sample)) }

    /// Publishes a module as `filter.wasm`, and then its digest.
    func publish(_ module: Data) throws {
        put(module, as: "/filter.wasm")
        put(Data("\(Self.digest(module))  filter.wasm\n".utf8), as: "/filter.wasm.sha256")
    }

    func put(_ file: Data, as path: String) { state.withLock { $0.files[path] = file } }

    /// Answers with that status, or with the files again.
    func fail(with status: HTTPResponse.Status?) { state.withLock { $0.status = status } }

    /// The targets that were asked for, in their order.
    var asked: [String] { state.withLock(\.asked) }

    /// How often the module was asked for.
    var fetches: Int { asked.count { $0 == "/filter.wasm" } }

    /// How often the answer was that nothing changed.
    var unchanged: Int { state.withLock(\.unchanged) }

    static func module(_ sample: String) async throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: try await SampleGuests.file(sample)))
    }

    static func digest(_ module: Data) -> String {
        SHA256.hash(data: module).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Runs `body` with the URL of `filter.wasm`.
    func serve<Value: Sendable>(
        tls: Bool = false, _ body: @Sendable (String) async throws -> Value
    ) async throws -> Value {
        try await TestUpstream.with(tls: tls, { self.answer($0) }) { server in
            try await body("\(tls ? "https" : "http")://\(server)/filter.wasm")
        }
    }

    func answer(_ request: Request) -> Response {
        state.withLock { state in
            state.asked.append(request.uri.description)
            if let status = state.status { return Response(status: status) }
            guard let file = state.files[request.uri.path] else { return Response(status: .notFound) }
            let tag = "\"\(Self.digest(file))\""
            if request.headers[.ifNoneMatch] == tag {
                state.unchanged += 1
                return Response(status: .notModified, headers: [.eTag: tag])
            }
            return Response(
                status: .ok, headers: [.eTag: tag], body: ResponseBody(byteBuffer: ByteBuffer(bytes: Array(file))))
        }
    }
}
