// The functions that need a grant, each with the bit that stands for it.
extension ProxyWasmGrants {
    static let writeLog = ProxyWasmGrants(rawValue: 1 << 0)
    static let fdWrite = ProxyWasmGrants(rawValue: 1 << 1)
    static let fdPwrite = ProxyWasmGrants(rawValue: 1 << 2)
    static let getCurrentTimeNanoseconds = ProxyWasmGrants(rawValue: 1 << 3)
    static let clockTimeGet = ProxyWasmGrants(rawValue: 1 << 4)
    static let randomGet = ProxyWasmGrants(rawValue: 1 << 5)
    static let setHeaderMapPairs = ProxyWasmGrants(rawValue: 1 << 6)
    static let addHeaderMapValue = ProxyWasmGrants(rawValue: 1 << 7)
    static let replaceHeaderMapValue = ProxyWasmGrants(rawValue: 1 << 8)
    static let removeHeaderMapValue = ProxyWasmGrants(rawValue: 1 << 9)
    static let getBufferStatus = ProxyWasmGrants(rawValue: 1 << 10)
    static let getBufferBytes = ProxyWasmGrants(rawValue: 1 << 11)
    static let setBufferBytes = ProxyWasmGrants(rawValue: 1 << 12)
    static let sendLocalResponse = ProxyWasmGrants(rawValue: 1 << 13)
    static let closeStream = ProxyWasmGrants(rawValue: 1 << 14)
    static let getProperty = ProxyWasmGrants(rawValue: 1 << 15)
    static let setProperty = ProxyWasmGrants(rawValue: 1 << 16)
    static let getSharedData = ProxyWasmGrants(rawValue: 1 << 17)
    static let setSharedData = ProxyWasmGrants(rawValue: 1 << 18)
    static let defineMetric = ProxyWasmGrants(rawValue: 1 << 19)
    static let incrementMetric = ProxyWasmGrants(rawValue: 1 << 20)
    static let recordMetric = ProxyWasmGrants(rawValue: 1 << 21)
    static let getMetric = ProxyWasmGrants(rawValue: 1 << 22)
    static let setTickPeriodMilliseconds = ProxyWasmGrants(rawValue: 1 << 23)
    static let httpCall = ProxyWasmGrants(rawValue: 1 << 24)
    static let registerSharedQueue = ProxyWasmGrants(rawValue: 1 << 25)
    static let resolveSharedQueue = ProxyWasmGrants(rawValue: 1 << 26)
    static let enqueueSharedQueue = ProxyWasmGrants(rawValue: 1 << 27)
    static let dequeueSharedQueue = ProxyWasmGrants(rawValue: 1 << 28)
    static let callForeignFunction = ProxyWasmGrants(rawValue: 1 << 29)
    static let clearRouteCache = ProxyWasmGrants(rawValue: 1 << 30)
    static let grpcCall = ProxyWasmGrants(rawValue: 1 << 31)
    static let grpcStream = ProxyWasmGrants(rawValue: 1 << 32)
    static let grpcSend = ProxyWasmGrants(rawValue: 1 << 33)

    /// Each function that needs a grant, by its name in the ABI.
    static var functions: KeyValuePairs<String, ProxyWasmGrants> {
        [
            "proxy_log": .writeLog,
            "fd_write": .fdWrite,
            "fd_pwrite": .fdPwrite,
            "proxy_get_current_time_nanoseconds": .getCurrentTimeNanoseconds,
            "clock_time_get": .clockTimeGet,
            "random_get": .randomGet,
            "proxy_set_header_map_pairs": .setHeaderMapPairs,
            "proxy_add_header_map_value": .addHeaderMapValue,
            "proxy_replace_header_map_value": .replaceHeaderMapValue,
            "proxy_remove_header_map_value": .removeHeaderMapValue,
            "proxy_get_buffer_status": .getBufferStatus,
            "proxy_get_buffer_bytes": .getBufferBytes,
            "proxy_set_buffer_bytes": .setBufferBytes,
            "proxy_send_local_response": .sendLocalResponse,
            "proxy_close_stream": .closeStream,
            "proxy_get_property": .getProperty,
            "proxy_set_property": .setProperty,
            "proxy_get_shared_data": .getSharedData,
            "proxy_set_shared_data": .setSharedData,
            "proxy_define_metric": .defineMetric,
            "proxy_increment_metric": .incrementMetric,
            "proxy_record_metric": .recordMetric,
            "proxy_get_metric": .getMetric,
            "proxy_set_tick_period_milliseconds": .setTickPeriodMilliseconds,
            "proxy_http_call": .httpCall,
            "proxy_grpc_call": .grpcCall,
            "proxy_grpc_stream": .grpcStream,
            "proxy_grpc_send": .grpcSend,
            "proxy_register_shared_queue": .registerSharedQueue,
            "proxy_resolve_shared_queue": .resolveSharedQueue,
            "proxy_enqueue_shared_queue": .enqueueSharedQueue,
            "proxy_dequeue_shared_queue": .dequeueSharedQueue,
            "proxy_call_foreign_function": .callForeignFunction,
            "proxy_clear_route_cache": .clearRouteCache,
        ]
    }

    /// Each part, by its name in policies and manifests.
    static var parts: KeyValuePairs<String, ProxyWasmGrants> {
        [
            "log": .log,
            "clock": .clock,
            "random": .random,
            "changeHeaders": .changeHeaders,
            "readBodies": .readBodies,
            "changeBodies": .changeBodies,
            "localReplies": .localReplies,
            "readProperties": .readProperties,
            "setProperties": .setProperties,
            "sharedData": .sharedData,
            "metrics": .metrics,
            "ticks": .ticks,
            "callOuts": .callOuts,
            "queues": .queues,
            "foreignFunctions": .foreignFunctions,
        ]
    }

    /// A part by its name here, such as `changeHeaders`, or a function by its name in the ABI, such as `proxy_add_header_map_value` or
    /// `fd_write`. Functions that need no grant, such as `proxy_get_header_map_value`, are an empty set. Nil for every other name.
    public init?(named name: String) {
        if let named = (Array(Self.parts) + Array(Self.functions)).first(where: { $0.key == name }) {
            self = named.value
        } else if ProxyWasmABI.functionNames.contains(name) {
            self = []
        } else {
            return nil
        }
    }

    /// The names of what is in it: parts where all of one is, functions otherwise.
    public var names: [String] {
        Self.parts.flatMap { name, part in
            isSuperset(of: part)
                ? [name] : Self.functions.filter { part.contains($0.value) && contains($0.value) }.map(\.key)
        }
    }
}
