import Airlock
import Wasmtime

/// What a module exports for the ABI, looked up and compared with the ABI's types once per version.
struct GuestCallbacks: Sendable {
    typealias BodyCallback = GuestFunction<UInt32, UInt32, UInt32, UInt32>
    typealias TrailersCallback = GuestFunction<UInt32, UInt32, UInt32>
    typealias ContextCallback = GuestFunction<NoResult, UInt32>

    /// The callbacks of connections.
    struct Connection: Sendable {
        fileprivate(set) var new: GuestFunction<UInt32, UInt32>?
        fileprivate(set) var downstreamData: BodyCallback?
        fileprivate(set) var upstreamData: BodyCallback?
        /// Takes the context and which side closed.
        fileprivate(set) var downstreamClose: GuestFunction<NoResult, UInt32, UInt32>?
        /// Takes the context and which side closed.
        fileprivate(set) var upstreamClose: GuestFunction<NoResult, UInt32, UInt32>?
    }

    /// The two callbacks of one direction that differ only by their names.
    struct Flow: Sendable {
        fileprivate(set) var headers: HeadersCallback?
        fileprivate(set) var body: BodyCallback?
        fileprivate(set) var trailers: TrailersCallback?
    }

    /// A headers callback, as the version of the ABI has it.
    enum HeadersCallback: Sendable {
        /// Takes the context, the number of fields, and whether the message ends with them.
        case withEnd(GuestFunction<UInt32, UInt32, UInt32, UInt32>)
        /// Takes the context and the number of fields (Proxy-Wasm 0.1.0).
        case withoutEnd(GuestFunction<UInt32, UInt32, UInt32>)
    }

    let abi: ABIVersion
    let allocate: GuestFunction<UInt32, UInt32>
    let start: StartFunctions
    private(set) var onContextCreate: GuestFunction<NoResult, UInt32, UInt32>?
    private(set) var onVMStart: GuestFunction<UInt32, UInt32, UInt32>?
    private(set) var onConfigure: GuestFunction<UInt32, UInt32, UInt32>?
    private(set) var onTick: ContextCallback?
    private(set) var onHTTPCallResponse: GuestFunction<NoResult, UInt32, UInt32, UInt32, UInt32, UInt32>?
    private(set) var onGRPCReceiveInitialMetadata: GuestFunction<NoResult, UInt32, UInt32, UInt32>?
    private(set) var onGRPCReceive: GuestFunction<NoResult, UInt32, UInt32, UInt32>?
    private(set) var onGRPCReceiveTrailingMetadata: GuestFunction<NoResult, UInt32, UInt32, UInt32>?
    private(set) var onGRPCClose: GuestFunction<NoResult, UInt32, UInt32, UInt32>?
    private(set) var onQueueReady: GuestFunction<NoResult, UInt32, UInt32>?
    private(set) var onForeignFunction: GuestFunction<NoResult, UInt32, UInt32, UInt32>?
    private(set) var request: Flow
    private(set) var response: Flow
    private(set) var connection: Connection
    private(set) var onDone: GuestFunction<UInt32, UInt32>?
    private(set) var onLog: ContextCallback?
    private(set) var onDelete: ContextCallback?

    /// The functions that run once, in this order, before any callback.
    struct StartFunctions: Sendable {
        var initialize: GuestFunction<NoResult>?
        var main: GuestFunction<UInt32, UInt32, UInt32>?
        var mainVoid: GuestFunction<UInt32>?
    }

    /// Checks the module against the ABI.
    /// - Throws: ``PluginError/Code/missingExport`` or ``PluginError/Code/signatureMismatch``.
    init(_ version: PluginVersion) throws(PluginError) {
        abi = try Self.abi(of: version)
        try Self.checkMemory(of: version)
        allocate = try Self.allocator(of: version)
        start = try Self.startFunctions(of: version)
        onContextCreate = try version.function("proxy_on_context_create", taking: UInt32.self, UInt32.self)
        onVMStart = try version.function("proxy_on_vm_start", taking: UInt32.self, UInt32.self, returning: UInt32.self)
        onConfigure = try version.function(
            "proxy_on_configure", taking: UInt32.self, UInt32.self, returning: UInt32.self)
        onTick = try version.function("proxy_on_tick", taking: UInt32.self)
        onHTTPCallResponse = try version.function(
            "proxy_on_http_call_response", taking: UInt32.self, UInt32.self, UInt32.self, UInt32.self, UInt32.self)
        onGRPCReceiveInitialMetadata = try version.function(
            "proxy_on_grpc_receive_initial_metadata", taking: UInt32.self, UInt32.self, UInt32.self)
        onGRPCReceive = try version.function("proxy_on_grpc_receive", taking: UInt32.self, UInt32.self, UInt32.self)
        onGRPCReceiveTrailingMetadata = try version.function(
            "proxy_on_grpc_receive_trailing_metadata", taking: UInt32.self, UInt32.self, UInt32.self)
        onGRPCClose = try version.function("proxy_on_grpc_close", taking: UInt32.self, UInt32.self, UInt32.self)
        onQueueReady = try version.function("proxy_on_queue_ready", taking: UInt32.self, UInt32.self)
        onForeignFunction = try version.function(
            "proxy_on_foreign_function", taking: UInt32.self, UInt32.self, UInt32.self)
        request = try Self.flow("request", of: version, abi)
        response = try Self.flow("response", of: version, abi)
        connection = try Connection(version)
        onDone = try version.function("proxy_on_done", taking: UInt32.self, returning: UInt32.self)
        onLog = try version.function("proxy_on_log", taking: UInt32.self)
        onDelete = try version.function("proxy_on_delete", taking: UInt32.self)
    }

    /// Without the callbacks that are not among these; with all where there are none.
    func allowed(_ names: Set<String>) -> Self {
        guard !names.isEmpty else { return self }
        var callbacks = self
        func drop<Callback>(_ name: String, _ callback: inout Callback?) {
            if !names.contains(name) { callback = nil }
        }
        drop("proxy_on_context_create", &callbacks.onContextCreate)
        drop("proxy_on_vm_start", &callbacks.onVMStart)
        drop("proxy_on_configure", &callbacks.onConfigure)
        drop("proxy_on_tick", &callbacks.onTick)
        drop("proxy_on_http_call_response", &callbacks.onHTTPCallResponse)
        drop("proxy_on_grpc_receive_initial_metadata", &callbacks.onGRPCReceiveInitialMetadata)
        drop("proxy_on_grpc_receive", &callbacks.onGRPCReceive)
        drop("proxy_on_grpc_receive_trailing_metadata", &callbacks.onGRPCReceiveTrailingMetadata)
        drop("proxy_on_grpc_close", &callbacks.onGRPCClose)
        drop("proxy_on_queue_ready", &callbacks.onQueueReady)
        drop("proxy_on_foreign_function", &callbacks.onForeignFunction)
        drop("proxy_on_request_headers", &callbacks.request.headers)
        drop("proxy_on_request_body", &callbacks.request.body)
        drop("proxy_on_request_trailers", &callbacks.request.trailers)
        drop("proxy_on_response_headers", &callbacks.response.headers)
        drop("proxy_on_response_body", &callbacks.response.body)
        drop("proxy_on_response_trailers", &callbacks.response.trailers)
        drop("proxy_on_new_connection", &callbacks.connection.new)
        drop("proxy_on_downstream_data", &callbacks.connection.downstreamData)
        drop("proxy_on_upstream_data", &callbacks.connection.upstreamData)
        drop("proxy_on_downstream_connection_close", &callbacks.connection.downstreamClose)
        drop("proxy_on_upstream_connection_close", &callbacks.connection.upstreamClose)
        drop("proxy_on_done", &callbacks.onDone)
        drop("proxy_on_log", &callbacks.onLog)
        drop("proxy_on_delete", &callbacks.onDelete)
        return callbacks
    }

    /// Whether the filter has anything to do with single requests.
    var hasStreamCallbacks: Bool {
        request.isAny || response.isAny || onLog != nil
    }

    /// Whether the filter has anything to do with single connections.
    var hasConnectionCallbacks: Bool {
        connection.isAny || onLog != nil
    }

    /// Whether some come without a call of the server on a stream.
    var comeByThemselves: Bool {
        onTick != nil || onHTTPCallResponse != nil || onGRPCReceive != nil || onGRPCClose != nil || onQueueReady != nil
            || onForeignFunction != nil
    }

    // Each alone, since a flow that is taken as a whole costs more than the decision that needs one of them.

    func headers(_ direction: Direction) -> HeadersCallback? {
        direction == .request ? request.headers : response.headers
    }

    func body(_ direction: Direction) -> BodyCallback? { direction == .request ? request.body : response.body }

    func trailers(_ direction: Direction) -> TrailersCallback? {
        direction == .request ? request.trailers : response.trailers
    }

    private static func flow(
        _ name: String, of version: PluginVersion, _ abi: ABIVersion
    ) throws(PluginError) -> Flow {
        Flow(
            headers: try headers("proxy_on_\(name)_headers", of: version, abi),
            body: try version.function(
                "proxy_on_\(name)_body", taking: UInt32.self, UInt32.self, UInt32.self, returning: UInt32.self),
            trailers: try version.function(
                "proxy_on_\(name)_trailers", taking: UInt32.self, UInt32.self, returning: UInt32.self)
        )
    }

    private static func headers(
        _ name: String, of version: PluginVersion, _ abi: ABIVersion
    ) throws(PluginError) -> HeadersCallback? {
        switch abi {
        case .v0_1_0:
            try version.function(name, taking: UInt32.self, UInt32.self, returning: UInt32.self).map { .withoutEnd($0) }
        case .v0_2_0, .v0_2_1:
            try version.function(name, taking: UInt32.self, UInt32.self, UInt32.self, returning: UInt32.self)
                .map { .withEnd($0) }
        }
    }

    /// The version that the first marker names.
    private static func abi(of version: PluginVersion) throws(PluginError) -> ABIVersion {
        for export in version.exports {
            guard case .function = export.type else { continue }
            if let abi = ABIVersion(rawValue: export.name) { return abi }
        }
        let expected = ABIVersion.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or ")
        throw version.refusal(
            .missingExport, "the module exports no Proxy-Wasm version, expected a function \(expected)")
    }

    private static func checkMemory(of version: PluginVersion) throws(PluginError) {
        for export in version.exports where export.name == "memory" {
            if case .memory = export.type { return }
        }
        throw version.refusal(.missingExport, "the module exports no memory named 'memory'")
    }

    /// `malloc` comes first, as in Envoy's host; the specification has the opposite order.
    private static func allocator(of version: PluginVersion) throws(PluginError) -> GuestFunction<UInt32, UInt32> {
        for name in ["malloc", "proxy_on_memory_allocate"] {
            if let found = try version.function(name, taking: UInt32.self, returning: UInt32.self) { return found }
        }
        throw version.refusal(
            .missingExport,
            "the module exports no allocator, expected a function 'malloc' or 'proxy_on_memory_allocate'")
    }

    private static func startFunctions(of version: PluginVersion) throws(PluginError) -> StartFunctions {
        guard let initialize = try version.function("_initialize") else {
            return StartFunctions(initialize: try version.function("_start"))
        }
        var start = StartFunctions(initialize: initialize)
        start.main = try version.function("main", taking: UInt32.self, UInt32.self, returning: UInt32.self)
        if start.main == nil {
            start.mainVoid = try version.function("__main_void", returning: UInt32.self)
        }
        return start
    }
}

extension GuestCallbacks.Flow {
    var isAny: Bool { headers != nil || body != nil || trailers != nil }
}

extension GuestCallbacks.Connection {
    fileprivate init(_ version: PluginVersion) throws(PluginError) {
        new = try version.function("proxy_on_new_connection", taking: UInt32.self, returning: UInt32.self)
        downstreamData = try version.function(
            "proxy_on_downstream_data", taking: UInt32.self, UInt32.self, UInt32.self, returning: UInt32.self)
        upstreamData = try version.function(
            "proxy_on_upstream_data", taking: UInt32.self, UInt32.self, UInt32.self, returning: UInt32.self)
        downstreamClose = try version.function(
            "proxy_on_downstream_connection_close", taking: UInt32.self, UInt32.self)
        upstreamClose = try version.function("proxy_on_upstream_connection_close", taking: UInt32.self, UInt32.self)
    }

    var isAny: Bool {
        new != nil || downstreamData != nil || upstreamData != nil || downstreamClose != nil || upstreamClose != nil
    }
}

extension PluginVersion {
    func refusal(_ code: PluginError.Code, _ message: String) -> PluginError {
        PluginError(code, plugin: plugin, version: number, message: message)
    }
}
