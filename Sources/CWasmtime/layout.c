// The sizes and offsets that the shared library was built with, measured on libwasmtime 50.0.1.
#include "CWasmtime.h"

#define LAYOUT(type, size) _Static_assert(sizeof(type) == (size), #type " has another size than in libwasmtime")
#define OFFSET(type, member, offset) \
    _Static_assert(offsetof(type, member) == (offset), #type "." #member " lies elsewhere in libwasmtime")

LAYOUT(wasm_byte_vec_t, 16);
LAYOUT(wasm_frame_vec_t, 16);
LAYOUT(wasm_valtype_vec_t, 16);
LAYOUT(wasm_importtype_vec_t, 16);
LAYOUT(wasm_exporttype_vec_t, 16);
LAYOUT(wasmtime_heaptype_t, 16);
LAYOUT(wasmtime_reftype_t, 24);
OFFSET(wasmtime_reftype_t, heaptype, 8);
LAYOUT(wasmtime_valtype_t, 32);
OFFSET(wasmtime_valtype_t, reftype, 8);
LAYOUT(wasmtime_func_t, 16);
LAYOUT(wasmtime_table_t, 24);
OFFSET(wasmtime_table_t, private_data, 16);
LAYOUT(wasmtime_memory_t, 24);
OFFSET(wasmtime_memory_t, private_data, 16);
LAYOUT(wasmtime_global_t, 24);
LAYOUT(wasmtime_instance_t, 16);
LAYOUT(wasmtime_extern_t, 32);
OFFSET(wasmtime_extern_t, of, 8);
LAYOUT(wasmtime_val_t, 32);
OFFSET(wasmtime_val_t, of, 8);
LAYOUT(wasmtime_async_continuation_t, 24);
