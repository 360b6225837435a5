// The host functions of Proxy-Wasm ABI 0.2.1 that an HTTP filter calls.
// Source: https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1, sections of the same names.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__wasm__)
#define HOST_FUNCTION(name) __attribute__((import_module("env"), import_name(#name))) uint32_t name
#else
#define HOST_FUNCTION(name) uint32_t name
#endif

typedef const uint8_t *_Nullable bytes_in;
typedef uint8_t *_Nullable *_Nonnull bytes_out;
typedef size_t *_Nonnull size_out;

// Logging, time, timers
HOST_FUNCTION(proxy_log)(uint32_t level, bytes_in message, size_t message_size);
HOST_FUNCTION(proxy_get_log_level)(uint32_t *_Nonnull level);
HOST_FUNCTION(proxy_get_current_time_nanoseconds)(uint64_t *_Nonnull time);
HOST_FUNCTION(proxy_set_tick_period_milliseconds)(uint32_t period);

// Buffers
HOST_FUNCTION(proxy_get_buffer_bytes)(uint32_t buffer, size_t start, size_t max_size, bytes_out value, size_out size);
HOST_FUNCTION(proxy_get_buffer_status)(uint32_t buffer, size_out size, uint32_t *_Nonnull flags);
HOST_FUNCTION(proxy_set_buffer_bytes)(uint32_t buffer, size_t start, size_t size, bytes_in value, size_t value_size);

// Header maps
HOST_FUNCTION(proxy_get_header_map_pairs)(uint32_t map, bytes_out pairs, size_out size);
HOST_FUNCTION(proxy_set_header_map_pairs)(uint32_t map, bytes_in pairs, size_t size);
HOST_FUNCTION(proxy_get_header_map_value)(uint32_t map, bytes_in key, size_t key_size, bytes_out value, size_out size);
HOST_FUNCTION(proxy_add_header_map_value)(uint32_t map, bytes_in key, size_t key_size, bytes_in value, size_t value_size);
HOST_FUNCTION(proxy_replace_header_map_value)(uint32_t map, bytes_in key, size_t key_size, bytes_in value, size_t value_size);
HOST_FUNCTION(proxy_remove_header_map_value)(uint32_t map, bytes_in key, size_t key_size);

// Streams
HOST_FUNCTION(proxy_continue_stream)(uint32_t stream);
HOST_FUNCTION(proxy_close_stream)(uint32_t stream);
HOST_FUNCTION(proxy_send_local_response)(uint32_t status, bytes_in details, size_t details_size, bytes_in body,
                                         size_t body_size, bytes_in headers, size_t headers_size, int32_t grpc_status);
HOST_FUNCTION(proxy_set_effective_context)(uint32_t context);
HOST_FUNCTION(proxy_done)(void);

// Shared data
HOST_FUNCTION(proxy_get_shared_data)(bytes_in key, size_t key_size, bytes_out value, size_out size, uint32_t *_Nonnull cas);
HOST_FUNCTION(proxy_set_shared_data)(bytes_in key, size_t key_size, bytes_in value, size_t value_size, uint32_t cas);

// Metrics
HOST_FUNCTION(proxy_define_metric)(uint32_t type, bytes_in name, size_t name_size, uint32_t *_Nonnull metric);
HOST_FUNCTION(proxy_increment_metric)(uint32_t metric, int64_t offset);
HOST_FUNCTION(proxy_record_metric)(uint32_t metric, uint64_t value);
HOST_FUNCTION(proxy_get_metric)(uint32_t metric, uint64_t *_Nonnull value);

// Properties
HOST_FUNCTION(proxy_get_property)(bytes_in path, size_t path_size, bytes_out value, size_out size);
HOST_FUNCTION(proxy_set_property)(bytes_in path, size_t path_size, bytes_in value, size_t value_size);

#undef HOST_FUNCTION
