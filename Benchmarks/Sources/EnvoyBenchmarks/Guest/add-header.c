// The smallest filter there is: it adds a header to each request.

typedef __SIZE_TYPE__ size_t;

#define IMPORT(name) __attribute__((import_module("env"), import_name(#name))) extern
#define EXPORT(name) __attribute__((export_name(#name)))

IMPORT(proxy_add_header_map_value)
int proxy_add_header_map_value(int map, const char *key, size_t key_size, const char *value, size_t value_size);

static char heap[1 << 16];
static size_t used;

EXPORT(proxy_abi_version_0_2_1) void abi(void) {}

// Only for the configuration: what comes later starts anew.
EXPORT(proxy_on_memory_allocate) void *allocate(size_t size) {
    if (size > sizeof heap - used) used = 0;
    void *place = heap + used;
    used += (size + 15) & ~(size_t)15;
    return place;
}

EXPORT(proxy_on_context_create) void on_context_create(int context, int parent) {}
EXPORT(proxy_on_vm_start) int on_vm_start(int context, size_t size) { return 1; }
EXPORT(proxy_on_configure) int on_configure(int context, size_t size) { return 1; }

EXPORT(proxy_on_request_headers) int on_request_headers(int context, int count, int end_of_stream) {
    proxy_add_header_map_value(0, "x-filter", 8, "added", 5);
    return 0;
}
