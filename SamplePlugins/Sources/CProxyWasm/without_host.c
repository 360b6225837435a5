// Outside WebAssembly there is no host. The guests then only have to link, so that `swift test` can build the package;
// every host function answers status 12, Unimplemented.
#include "CProxyWasm.h"

#if !defined(__wasm__)
#define WITHOUT_HOST(name) uint32_t name

WITHOUT_HOST(proxy_log)(uint32_t l, bytes_in m, size_t n) { return 12; }
WITHOUT_HOST(proxy_get_log_level)(uint32_t *l) { return 12; }
WITHOUT_HOST(proxy_get_current_time_nanoseconds)(uint64_t *t) { return 12; }
WITHOUT_HOST(proxy_set_tick_period_milliseconds)(uint32_t p) { return 12; }
WITHOUT_HOST(proxy_get_buffer_bytes)(uint32_t b, size_t s, size_t m, bytes_out v, size_out n) { return 12; }
WITHOUT_HOST(proxy_get_buffer_status)(uint32_t b, size_out n, uint32_t *f) { return 12; }
WITHOUT_HOST(proxy_set_buffer_bytes)(uint32_t b, size_t s, size_t c, bytes_in v, size_t n) { return 12; }
WITHOUT_HOST(proxy_get_header_map_pairs)(uint32_t m, bytes_out v, size_out n) { return 12; }
WITHOUT_HOST(proxy_set_header_map_pairs)(uint32_t m, bytes_in v, size_t n) { return 12; }
WITHOUT_HOST(proxy_get_header_map_value)(uint32_t m, bytes_in k, size_t kn, bytes_out v, size_out n) { return 12; }
WITHOUT_HOST(proxy_add_header_map_value)(uint32_t m, bytes_in k, size_t kn, bytes_in v, size_t n) { return 12; }
WITHOUT_HOST(proxy_replace_header_map_value)(uint32_t m, bytes_in k, size_t kn, bytes_in v, size_t n) { return 12; }
WITHOUT_HOST(proxy_remove_header_map_value)(uint32_t m, bytes_in k, size_t kn) { return 12; }
WITHOUT_HOST(proxy_continue_stream)(uint32_t s) { return 12; }
WITHOUT_HOST(proxy_close_stream)(uint32_t s) { return 12; }
WITHOUT_HOST(proxy_send_local_response)(uint32_t s, bytes_in d, size_t dn, bytes_in b, size_t bn, bytes_in h, size_t hn,
                                        int32_t g) { return 12; }
WITHOUT_HOST(proxy_set_effective_context)(uint32_t c) { return 12; }
WITHOUT_HOST(proxy_done)(void) { return 12; }
WITHOUT_HOST(proxy_get_shared_data)(bytes_in k, size_t kn, bytes_out v, size_out n, uint32_t *c) { return 12; }
WITHOUT_HOST(proxy_set_shared_data)(bytes_in k, size_t kn, bytes_in v, size_t n, uint32_t c) { return 12; }
WITHOUT_HOST(proxy_define_metric)(uint32_t t, bytes_in k, size_t kn, uint32_t *m) { return 12; }
WITHOUT_HOST(proxy_increment_metric)(uint32_t m, int64_t o) { return 12; }
WITHOUT_HOST(proxy_record_metric)(uint32_t m, uint64_t v) { return 12; }
WITHOUT_HOST(proxy_get_metric)(uint32_t m, uint64_t *v) { return 12; }
WITHOUT_HOST(proxy_get_property)(bytes_in p, size_t pn, bytes_out v, size_out n) { return 12; }
WITHOUT_HOST(proxy_set_property)(bytes_in p, size_t pn, bytes_in v, size_t n) { return 12; }
#endif
