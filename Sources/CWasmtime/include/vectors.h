#ifndef CWASMTIME_VECTORS_H
#define CWASMTIME_VECTORS_H

#include "base.h"

/// Bytes that the library allocated: a name, a message or a serialised module.
typedef struct wasm_byte_vec_t {
    size_t size;
    char *_Nullable data;
} wasm_byte_vec_t;

void wasm_byte_vec_delete(wasm_byte_vec_t *_Nonnull);

#endif
