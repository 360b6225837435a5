import Airlock
import AirlockHTTP
import AirlockTesting
import NIOCore
import Synchronization
import Wasmtime

/// The files of a server of modules, each with an `ETag` where it says so.
final class ModuleFiles: Sendable {
    struct File: Sendable {
        var body: [UInt8]
        var tag: String?
    }

    private struct State {
        var files: [String: File] = [:]
        /// Answers in place of files, as they are.
        var raw: [String: String] = [:]
    }

    private let state = Mutex(State())

    /// Puts a file in its place.
    func put(_ path: String, _ body: some Sequence<UInt8>, tag: String? = nil) {
        state.withLock { $0.files[path] = File(body: Array(body), tag: tag) }
    }

    /// Publishes `cart.wasm` and then its digest.
    func publish(_ module: [UInt8], tag: String? = nil) throws {
        put("/cart.wasm", module)
        put("/cart.wasm.sha256", "\(try digest(module))  cart.wasm\n".utf8, tag: tag)
    }

    /// Answers at a path with that text from now on, or with the file again.
    func answer(_ path: String, _ text: String?) {
        state.withLock { $0.raw[path] = text }
    }

    func reply(to request: String, _ channel: any Channel) {
        let lines = request.split(separator: "\r\n")
        let path = lines[0].split(separator: " ")[1].prefix { $0 != "?" }
        let (file, raw) = state.withLock { ($0.files[String(path)], $0.raw[String(path)]) }
        if let raw { return channel.send(raw) }
        guard let file else { return channel.respond("404 Not Found") }
        let tag = file.tag.map { ["ETag: \($0)"] } ?? []
        if let known = file.tag, lines.contains(where: { $0.lowercased() == "if-none-match: \(known.lowercased())" }) {
            return channel.send((["HTTP/1.1 304 Not Modified"] + tag).joined(separator: "\r\n") + "\r\n\r\n")
        }
        let head = ["HTTP/1.1 200 OK", "Content-Length: \(file.body.count)"] + tag
        var bytes = ByteBuffer(string: head.joined(separator: "\r\n") + "\r\n\r\n")
        bytes.writeBytes(file.body)
        channel.writeAndFlush(bytes, promise: nil)
    }
}

extension LoopbackServer {
    /// The paths that were asked for, in their order.
    var paths: [String] { requests.map { String($0.split(separator: " ")[1]) } }

    func count(of path: String) -> Int { paths.count { $0 == path } }
}

/// Runs `body` with a server of modules, the URL of its `cart.wasm`, and a client.
func withModuleServer<Value>(
    _ body: (ModuleFiles, LoopbackServer, String, HTTPEgressClient) async throws -> Value
) async throws -> Value {
    let files = ModuleFiles()
    return try await LoopbackServer.with(reply: { files.reply(to: $0, $1) }) { server in
        let resolver = fixed(["plugins.test": ["127.0.0.1"], "public.test": ["192.0.2.1"]])
        return try await withHTTPEgressClient(resolver: resolver) { client in
            try await body(files, server, "http://plugins.test:\(server.port)/cart.wasm", client)
        }
    }
}

/// A module whose export `answer` returns that value.
func answering(_ value: Int) throws -> [UInt8] {
    try Module.binary(ofWAT: "(module (func (export \"answer\") (result i32) i32.const \(value)))")
}

func digest(_ module: [UInt8]) throws -> String { try ModuleBytes(.bytes(module), most: .max).digest }

func answer(of plugin: Plugin) async throws -> Int32 {
    try await plugin.call(plugin.function("answer", returning: Int32.self)).value
}
