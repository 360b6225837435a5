/// The buffers that a filter can read and write (Proxy-Wasm 0.2.1, "proxy_buffer_type_t").
enum BufferType: UInt32, Sendable {
    case requestBody = 0
    case responseBody = 1
    case downstreamData = 2
    case upstreamData = 3
    case httpCallResponseBody = 4
    case grpcCallMessage = 5
    case vmConfiguration = 6
    case pluginConfiguration = 7
    case foreignFunctionArguments = 8
}

/// The header maps that a filter can read and write (Proxy-Wasm 0.2.1, "proxy_map_type_t").
enum MapType: UInt32, Sendable {
    case requestHeaders = 0
    case requestTrailers = 1
    case responseHeaders = 2
    case responseTrailers = 3
    case grpcCallInitialMetadata = 4
    case grpcCallTrailingMetadata = 5
    case httpCallResponseHeaders = 6
    case httpCallResponseTrailers = 7
}

/// What `proxy_continue_stream` and `proxy_close_stream` act on (Proxy-Wasm 0.2.1, "proxy_stream_type_t").
enum StreamType: UInt32, Sendable {
    case request = 0
    case response = 1
    case downstream = 2
    case upstream = 3
}

/// The kinds of metric that a filter can define (Proxy-Wasm 0.2.1, "proxy_metric_type_t").
enum MetricType: UInt32, Sendable {
    case counter = 0
    case gauge = 1
    case histogram = 2
}
