#ifndef CWASMTIME_MODULE_H
#define CWASMTIME_MODULE_H

#include "engine.h"
#include "errors.h"
#include "types.h"

typedef struct wasmtime_module wasmtime_module_t;

wasmtime_error_t *_Nullable wasmtime_module_new(
    wasm_engine_t *_Nonnull, const uint8_t *_Nullable bytes, size_t count,
    wasmtime_module_t *_Nullable *_Nonnull out);
void wasmtime_module_delete(wasmtime_module_t *_Nonnull);
wasmtime_error_t *_Nullable wasmtime_module_validate(
    wasm_engine_t *_Nonnull, const uint8_t *_Nullable bytes, size_t count);
void wasmtime_module_imports(const wasmtime_module_t *_Nonnull, wasm_importtype_vec_t *_Nonnull out);
void wasmtime_module_exports(const wasmtime_module_t *_Nonnull, wasm_exporttype_vec_t *_Nonnull out);
wasmtime_error_t *_Nullable wasmtime_module_serialize(const wasmtime_module_t *_Nonnull, wasm_byte_vec_t *_Nonnull out);
wasmtime_error_t *_Nullable wasmtime_module_deserialize(
    wasm_engine_t *_Nonnull, const uint8_t *_Nullable bytes, size_t count,
    wasmtime_module_t *_Nullable *_Nonnull out);

wasmtime_error_t *_Nullable wasmtime_wat2wasm(
    const char *_Nullable text, size_t count, wasm_byte_vec_t *_Nonnull out);

#endif
