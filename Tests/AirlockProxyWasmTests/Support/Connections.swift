import Airlock
import AirlockProxyWasm

extension Filters {
    /// Opens a connection through one filter or several; nothing has begun yet.
    func open(_ filters: ProxyWasmFilter..., attributes: StreamAttributes = StreamAttributes()) async -> TCPFilterStream
    {
        await TCPFilterChain(filters, runtime: runtime).openConnection(attributes)
    }

    /// A connection that all its filters have let pass.
    func connection(_ filters: ProxyWasmFilter..., attributes: StreamAttributes = StreamAttributes()) async throws
        -> TCPFilterStream
    {
        let connection = await TCPFilterChain(filters, runtime: runtime).openConnection(attributes)
        try await connection.begin()
        return connection
    }
}

extension TCPFilterStream {
    /// Why it cannot begin.
    func refusal() async -> ConnectionClosure? {
        do throws(ConnectionClosure) {
            try await begin()
            return nil
        } catch {
            return error
        }
    }
}

extension FilteredBytes {
    func send(_ text: String) async throws(ConnectionClosure) {
        try await send(Array(text.utf8))
    }

    /// The next bytes that have passed the filters; nil at the end.
    func next() async throws(ConnectionClosure) -> String? {
        var iterator = makeAsyncIterator()
        return try await iterator.next().map { String(decoding: $0, as: UTF8.self) }
    }

    /// Everything up to the end.
    func rest() async throws(ConnectionClosure) -> String {
        var text = ""
        while let more = try await next() { text += more }
        return text
    }

    /// Why nothing comes any more.
    func closure() async -> ConnectionClosure? {
        do throws(ConnectionClosure) {
            while try await next() != nil {}
            return nil
        } catch {
            return error
        }
    }
}

extension Guest {
    /// A filter that puts its configuration in front of what it sees of both sides, and writes the callbacks with it to the log: a letter
    /// and what they are given.
    static let connectionWitness = wat(
        """
        (global $name (mut i32) (i32.const 0))
        (func $told (param $letter i32) (param $value i32)
          (call $say (global.get $name) (i32.const 1)) (call $note (local.get $letter) (local.get $value)))
        (func $mark (param $buffer i32)
          (drop (call $set_buffer_bytes (local.get $buffer) (i32.const 0) (i32.const 0) (global.get $name) (i32.const 1))))
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
          (drop (call $get_buffer_bytes (i32.const 7) (i32.const 0) (i32.const 1) @result))
          (global.set $name (i32.load (i32.const 16))) (i32.const 1))
        (func (export "proxy_on_new_connection") (param i32) (result i32) (call $told (i32.const 110) (i32.const 0)) (i32.const 0))
        (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
          (call $told (i32.const 100) (i32.add (i32.mul (local.get 1) (i32.const 10)) (local.get 2)))
          (call $mark (i32.const 2)) (i32.const 0))
        (func (export "proxy_on_upstream_data") (param i32 i32 i32) (result i32)
          (call $told (i32.const 117) (i32.add (i32.mul (local.get 1) (i32.const 10)) (local.get 2)))
          (call $mark (i32.const 3)) (i32.const 0))
        (func (export "proxy_on_downstream_connection_close") (param i32 i32) (call $told (i32.const 99) (local.get 1)))
        (func (export "proxy_on_upstream_connection_close") (param i32 i32) (call $told (i32.const 101) (local.get 1)))
        (func (export "proxy_on_done") (param i32) (result i32) (call $told (i32.const 79) (i32.const 0)) (i32.const 1))
        (func (export "proxy_on_log") (param i32) (call $told (i32.const 76) (i32.const 0)))
        (func (export "proxy_on_delete") (param i32) (call $told (i32.const 68) (i32.const 0)))
        """)

    /// A filter with `action` as the end of its callback for what the client sends.
    static func onDownstreamData(_ action: String, more: String = "") -> PluginSource {
        wat("(func (export \"proxy_on_downstream_data\") (param i32 i32 i32) (result i32)\n\(action))\n" + more)
    }
}
